"""A network as rules look at it: who reads whom, where it is written, and which changes of the spec are possible."""

import re
from collections import Counter
from collections.abc import Callable
from functools import cached_property
from math import prod
from typing import Any

from nbcnn.layers.axes import Shape, Window
from nbcnn.layers.base import Layer
from nbcnn.layers.conv import Conv
from nbcnn.layers.pool import Pool
from nbcnn.lint.surroundings import NOTHING_KNOWN, Surroundings
from nbcnn.network import Network, Node
from nbcnn.spec.diagnostics import Change, Remark
from nbcnn.spec.edits import delete, put
from nbcnn.spec.places import Path, Place, echo, quoted

WEIGHTED = ("conv", "conv_transpose", "linear")
"""Layers that multiply by weights."""
NORMS = ("batch_norm", "layer_norm", "instance_norm", "group_norm")
DROPOUTS = ("dropout", "channel_dropout")
SHAPING = ("flatten", "reshape")
"""Layers that change nothing but axes."""
AVERAGES = ("avg_pool", "adaptive_avg_pool", "global_avg_pool")

_DEFAULT_NAME = re.compile(r"([a-z_]+)[0-9]+")


def _window(node: Node) -> Window | None:
    layer, shape = node.layer, node.input_shapes[0]
    if layer.type == "kmax_pool":
        from nbcnn.layers.kmax_pool import KMaxPool, kmax_window  # here, because few networks have one

        assert isinstance(layer, KMaxPool)
        return kmax_window(shape[1:], layer.k, layer.kernel_size, layer.stride)[0]
    return layer.window(shape) if isinstance(layer, Conv | Pool) else None


class Graph:
    """The nodes of a network, by whom they are read and where they are written, and what is known around it."""

    def __init__(self, network: Network, surroundings: Surroundings = NOTHING_KNOWN):
        self.network, self.spec, self.nodes = network, network.spec, network.layers
        self.surroundings = surroundings
        by_name = {node.name: node for node in self.nodes}
        self._sources = {
            node.name: by_name.get(node.inputs[0]) if len(node.inputs) == 1 else None for node in self.nodes
        }
        self._written: dict[str, tuple[Layer, Place]] = {}
        for layer, place in zip(self.spec.layers, self.spec.places, strict=True):
            self._written[str(layer.name)] = (layer, place)
            if layer.activation:
                self._written.setdefault(f"{layer.name}_{layer.activation}", (layer, place))
        self._readers: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                self._readers.setdefault(name, []).append(node)

    def source(self, node: Node) -> Node | None:
        """The node that a node reads; None where it reads several, or the network's input."""
        return self._sources[node.name]

    def readers(self, node: Node) -> list[Node]:
        return self._readers.get(node.name, [])

    def reader(self, node: Node) -> Node | None:
        """The one node that reads a node; None where several do, or none."""
        readers = self.readers(node)
        return readers[0] if len(readers) == 1 else None

    def others(self, node: Node) -> list[Node]:
        """The nodes that read what a node reads, too."""
        return [each for name in node.inputs for each in self._readers[name] if each is not node]

    def origins(self, begins: Callable[[Node], bool], passes: Callable[[Node], bool]) -> dict[str, Node]:
        """For each node by its name the last one that `begins`, and whose output reaches its own through nodes that let
        it pass, each the only reader of the one before; the node itself where it begins."""
        found: dict[str, Node] = {}
        for node in self.nodes:
            source = self.source(node)
            if begins(node):
                found[node.name] = node
            elif source and source.name in found and passes(node) and self.reader(source) is node:
                found[node.name] = found[source.name]
        return found

    @cached_property
    def windows(self) -> list[tuple[Node, Window, Shape]]:
        """Every convolution and every pool that slides, with its window and the spatial sizes that it reads."""
        return [(node, window, node.input_shapes[0][1:]) for node in self.nodes if (window := _window(node))]

    @cached_property
    def answer(self) -> Node:
        """The node whose numbers the loss reads, whatever their axes."""
        node = self.nodes[-1]
        while node.type in SHAPING and (source := self.source(node)):
            node = source
        return node

    @staticmethod
    def count(node: Node) -> int:
        """Numbers in the output for one sample."""
        return prod(node.output_shape)

    def place(self, node: Node) -> Place:
        """The layer that a node is written in."""
        return self._written[node.name][1]

    def name(self, node: Node) -> str:
        """The name of the layer that a node is written in."""
        return str(self._written[node.name][0].name)

    def path(self, node: Node) -> Path:
        """Where a node is written: a layer, or the `activation` of one."""
        place = self.place(node)
        return place.path if self.name(node) == node.name else (*place.path, "activation")

    def at(self, node: Node, after: str = "") -> Remark:
        """The node's name, its line, and the rest."""
        return Remark(f"`{node.name}`", self.path(node), after)

    def written_at(self, path: Path) -> int:
        """How many layers stand in the network for what is written at a path."""
        return self._counts[path]

    def set_on(self, node: Node, key: str, value: object, *, safe: bool = False) -> Change:
        """Set a key of a node's layer."""
        place = self.place(node)
        name = f"`{self.name(node)}`"
        if place.uses:
            local = self.name(node).removeprefix(f"{place.uses[-1].name}.")
            name = f'`{local}` of block "{place.uses[-1].block}"'
        remark = Remark(f"set {key} = {echo(value)} on {name}", place.path)
        return Change(remark, (put((*place.path, key), value),), safe)

    def deletion(self, node: Node, *, safe: bool = False) -> Change | Remark:
        """Delete a node's layer, or the key that stands for it; in words alone where another layer would get another
        name, or would read something else."""
        layer, place = self._written[node.name]
        ignores = self.spec.lint.per_layer_ignores
        if self.path(node) != place.path:
            remark = Remark(f"delete activation = {quoted(node.type)}", self.path(node))
            return remark if node.name in {*self._named, *ignores} else Change(remark, (delete(self.path(node)),), safe)
        remark = Remark(f"delete `{node.name}`", place.path)
        is_named = place.path in self._named_paths or node.name in ignores
        if is_named or layer.from_ or layer.activation or layer.type in self._numbered_types or self._is_alone(place):
            return remark
        return Change(remark, (delete(place.path),), safe)

    @cached_property
    def _named(self) -> set[str]:
        """All that stands in a `from`."""
        return {name for layer in self.spec.layers for name in layer.sources}

    @cached_property
    def _named_paths(self) -> set[Path]:
        return {self._written[name][1].path for name in self._named if name in self._written}

    @cached_property
    def _numbered_types(self) -> set[str]:
        """Types whose layers are told by their number somewhere in the spec, as in `conv2`."""
        names = {*self._named, *self.spec.lint.per_layer_ignores}
        found = (_DEFAULT_NAME.fullmatch(name.rpartition(".")[2]) for name in names)
        return {each[1] for each in found if each}

    @cached_property
    def _counts(self) -> Counter[Path]:
        return Counter(self.path(node) for node in self.nodes)

    def _is_alone(self, place: Place) -> bool:
        """Whether nothing would be left of the list that a layer stands in."""
        value: Any = self.spec.sources.document
        try:
            for part in place.path[:-1]:
                value = value[part]
            return len(value) < 2
        except (KeyError, IndexError, TypeError):
            return True
