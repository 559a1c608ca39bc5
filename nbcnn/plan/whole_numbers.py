"""Which layers compute in whole numbers, and the program that they and the others make.

Convolutions of all channels and linear layers read bytes. What they give, and sums, maxima and clamps after them, are
bytes where nobody but such layers reads them; all else is float32.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nbcnn.errors import InputError
from nbcnn.kernels.cpu.by_channel.layout import Blocked, Unsupported
from nbcnn.kernels.cpu.families.windows import three_axes
from nbcnn.kernels.cpu.program.calls import Section
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.kernels.cpu.quantised import products
from nbcnn.kernels.cpu.quantised.add import add
from nbcnn.kernels.cpu.quantised.layout import WORD, Bytes
from nbcnn.kernels.cpu.quantised.max_pool import max_pool
from nbcnn.kernels.cpu.quantised.numbers import Scale
from nbcnn.kernels.cpu.quantised.transfer import (
    add_output,
    input_in_bytes,
    input_in_columns,
    input_in_floats,
    into_bytes,
)
from nbcnn.network import INPUT, Network, Node
from nbcnn.plan.channel_lowering import lower_layer
from nbcnn.plan.operations import is_random

Value = Bytes | Blocked

# The range of what they give tells all that these do to a product or a sum before them.
_CLAMPS = ("relu", "relu6")
# Operations on the scale of what they read.
_KEEP_SCALE = ("max_pool", "flatten")


def is_product(node: Node) -> bool:
    """Whether a layer always computes in whole numbers."""
    attributes = node.attributes
    return node.operation == "linear" or (
        node.operation == "conv" and attributes["groups"] == 1 and attributes["padding_mode"] == "zeros"
    )


@dataclass(frozen=True)
class Division:
    """A network without dropouts, and which of its values are bytes.

    `clamps` names, for a product or a sum, the layer after it that its scale does the work of. `scaled` are all values
    that a scale is needed for, `readers` tells how many layers read each. Where `input_in_words`, products alone read
    the input; `by_columns` is a convolution that alone reads it, and better in words of four columns than of channels.
    """

    layers: tuple[Node, ...]
    in_bytes: frozenset[str]
    clamps: Mapping[str, str]
    scaled: frozenset[str]
    readers: Mapping[str, int]
    input_in_words: bool
    by_columns: Node | None


def divide(network: Network) -> Division:
    """Decide where a network's values are bytes."""
    layers = _without_dropouts(network.layers)
    readers: dict[str, list[Node]] = defaultdict(list)
    for node in layers:
        for name in node.inputs:
            readers[name].append(node)
    named = {node.name: node for node in layers}
    in_bytes: set[str] = set()
    clamps: dict[str, str] = {}

    def may_be_bytes(node: Node) -> bool:
        if node.operation in _CLAMPS:
            before = named.get(node.inputs[0])
            return before is not None and _has_own_scale(before) and len(readers[before.name]) == 1
        return _has_own_scale(node) or node.operation in _KEEP_SCALE

    def are_read_as_bytes(name: str) -> bool:
        return all(is_product(reader) or reader.name in in_bytes for reader in readers[name])

    for node in reversed(layers[:-1]):
        if may_be_bytes(node) and are_read_as_bytes(node.name):
            in_bytes.add(node.name)
            if node.operation in _CLAMPS:
                clamps[node.inputs[0]] = node.name
    if are_read_as_bytes(INPUT):
        in_bytes.add(INPUT)
    read = {name for node in layers if is_product(node) or node.name in in_bytes for name in node.inputs}

    def only_products(name: str) -> bool:
        return all(
            is_product(node) or (node.operation == "flatten" and only_products(node.name)) for node in readers[name]
        )

    by_columns = [node for node in readers[INPUT] if _is_better_by_columns(node)]
    return Division(
        layers,
        frozenset(in_bytes),
        clamps,
        frozenset((in_bytes | read) - clamps.keys()),
        {name: len(each) for name, each in readers.items()},
        only_products(INPUT),
        by_columns[0] if len(readers[INPUT]) == 1 and by_columns else None,
    )


def _is_better_by_columns(node: Node) -> bool:
    if node.operation != "conv" or not is_product(node) or node.attributes["dilation"][-1] > 1:
        return False
    channels, columns = node.input_shapes[0][0], node.parameters["weight"].shape[-1]
    return channels * math.ceil(columns / WORD) < math.ceil(channels / WORD) * columns


def _has_own_scale(node: Node) -> bool:
    return is_product(node) or (node.operation == "add" and len(node.inputs) == 2)


def _without_dropouts(layers: tuple[Node, ...]) -> tuple[Node, ...]:
    """The layers but those that do nothing in inference; the last one stays whatever it is."""
    names: dict[str, str] = {}
    found = []
    for node in layers:
        node = replace(node, inputs=tuple(names.get(name, name) for name in node.inputs))
        if is_random(node.operation) and node.name != layers[-1].name:
            names[node.name] = node.inputs[0]
        else:
            found.append(node)
    return tuple(found)


def lower_in_whole_numbers(
    network: Network,
    division: Division,
    arrays: Mapping[str, np.ndarray],
    input_scale: np.ndarray,
    scales: Mapping[str, Scale],
    samples: int,
    samples_per_block: int,
) -> Program:
    """A program from port `input` to port `output` for up to `samples` samples.

    Raises InputError for a layer that has no version with channels as lanes.
    """
    program = Program(samples, differentiates=False, samples_per_block=samples_per_block)
    lowering = _Lowering(program, division, arrays, scales)
    channels, *space = network.input_shape
    known = (program, channels, three_axes(space), samples_per_block, input_scale)
    if division.by_columns is not None:
        before, places = _columns(division.by_columns)
        lowering.values[INPUT] = input_in_columns(*known, scales[INPUT], before, places)
    elif INPUT in division.in_bytes:
        block = WORD if division.input_in_words and channels <= WORD else program.lanes
        lowering.values[INPUT] = input_in_bytes(*known, scales[INPUT], block)
    else:
        lowering.values[INPUT] = input_in_floats(*known)
    for node in division.layers:
        program.section = Section(node.name, "forward", node.macs)
        try:
            lowering.add_layer(node)
        except Unsupported:
            raise InputError(
                f'dtype: int8 has no version of layer "{node.name}" ({node.type}) as it is set here; compile the model '
                "without dtype, in float32"
            ) from None
    program.section = Section("output")
    add_output(program, lowering.as_floats(division.layers[-1].name), samples_per_block)
    return program


class _Lowering:
    """Appends layers to a program, each in the numbers that it takes."""

    def __init__(
        self,
        program: Program,
        division: Division,
        arrays: Mapping[str, np.ndarray],
        scales: Mapping[str, Scale],
    ) -> None:
        self.values: dict[str, Value] = {}
        self._program, self._division, self._arrays, self._scales = program, division, arrays, scales
        self._converted: dict[str, Bytes] = {}

    def as_floats(self, name: str) -> Blocked:
        value = self.values[name]
        assert isinstance(value, Blocked)
        return value

    def as_bytes(self, name: str) -> Bytes:
        """A value in bytes, converted for the first who asks where it is float32."""
        value = self.values[name]
        if isinstance(value, Bytes):
            return value
        if name not in self._converted:
            self._converted[name] = into_bytes(self._program, value, self._scales[name])
        return self._converted[name]

    def add_layer(self, node: Node) -> None:
        clamped = self._division.clamps.get(node.name, node.name)
        if node.operation in _CLAMPS and node.name in self._division.in_bytes:
            self.values[node.name] = self.values[node.inputs[0]]
        elif is_product(node):
            self.values[node.name] = self._product(node, self._scales[clamped] if self._is_bytes(clamped) else None)
        elif self._is_bytes(clamped):
            self.values[node.name] = self._in_bytes(node, self._scales[clamped])
        else:
            read = tuple(self.as_floats(name) for name in node.inputs)
            each = lower_layer(self._program, self._of_samples(node), read, self._arrays)
            each.activation.shared |= self._division.readers.get(node.name, 0) > 1
            self.values[node.name] = each

    def _is_bytes(self, name: str) -> bool:
        return name in self._division.in_bytes

    def _product(self, node: Node, to: Scale | None) -> Value:
        weight, bias = self._arrays[f"{node.name}.weight"], self._arrays.get(f"{node.name}.bias")
        x = self.as_bytes(node.inputs[0])
        if node.operation == "linear":
            return products.linear(self._program, x, weight, bias, to, self._program.samples_per_block)
        attributes = node.attributes
        if node is self._division.by_columns:
            weight, attributes = _by_columns(weight, attributes)
        return products.conv(self._program, x, weight, bias, to, **attributes)

    def _in_bytes(self, node: Node, to: Scale) -> Bytes:
        x, *others = [self.as_bytes(name) for name in node.inputs]
        if node.operation == "add":
            return add(self._program, x, others[0], to)
        return replace(x, flat=True) if node.operation == "flatten" else max_pool(self._program, x, **node.attributes)

    def _of_samples(self, node: Node) -> Node:
        """A layer as it is where samples are planes: sizes of its output count them."""
        samples = self._program.samples_per_block
        if samples == 1:
            return node
        if node.operation in ("global_avg_pool", "global_max_pool"):
            operation = node.operation.replace("global", "adaptive")
            return replace(node, operation=operation, attributes={"output_size": (samples, 1, 1)})
        sizes = {
            name: (samples, *three_axes(value)[1:])
            for name, value in node.attributes.items()
            if name in ("size", "output_size")
        }
        return replace(node, attributes=node.attributes | sizes)


def _columns(node: Node) -> tuple[int, int]:
    """For a convolution by columns, how far its input begins before the first column, and how many words it has."""
    words = math.ceil(node.parameters["weight"].shape[-1] / WORD)
    stride, (before, _) = node.attributes["stride"][-1], node.attributes["padding"][-1]
    return before, (node.output_shape[-1] - 1) * stride + WORD * (words - 1) + 1


def _by_columns(weight: np.ndarray, attributes: Mapping[str, Any]) -> tuple[np.ndarray, dict[str, Any]]:
    """The same convolution of an input whose channels are four columns each: a tap is four of before."""
    if attributes["flip"]:
        weight = np.flip(weight, axis=tuple(range(2, weight.ndim)))
    columns = weight.shape[-1]
    words = math.ceil(columns / WORD)
    wide = np.zeros((*weight.shape[:-1], words * WORD), dtype=weight.dtype)
    wide[..., :columns] = weight
    apart = np.moveaxis(wide.reshape(*weight.shape[:-1], words, WORD), -1, 2)
    return apart.reshape(len(weight), -1, *weight.shape[2:-1], words), {
        **attributes,
        "flip": False,
        "padding": (*attributes["padding"][:-1], (0, 0)),
        "dilation": (*attributes["dilation"][:-1], WORD),
    }
