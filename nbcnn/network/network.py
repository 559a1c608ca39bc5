"""A network before any array exists: its layers in order, with shapes, receptive fields and costs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nbcnn.errors import InputError, SpecError
from nbcnn.layers.axes import Shape
from nbcnn.network.node import Node
from nbcnn.network.report import report
from nbcnn.spec import Diagnostic, Spec


@dataclass(frozen=True, eq=False)
class Network:
    """The nodes of a spec in the order in which they run.

    `training_bytes`, of a room that plans, tells how much memory training takes, or None where that cannot be planned.
    `lint`, of a room that knows the rules, tells what is legal but was perhaps not meant.
    """

    spec: Spec
    layers: tuple[Node, ...]
    training_bytes: "Callable[[Network], int | None] | None" = field(default=None, repr=False)
    lint: "Callable[[Network], Sequence[Diagnostic]] | None" = field(default=None, repr=False)

    def __getitem__(self, name: str) -> Node:
        try:
            return self._by_name[name]
        except KeyError:
            known = ", ".join(list(self._by_name)[:20])
            raise SpecError(f"network {self.name}: no layer is named {name!r}; the layers are {known}") from None

    @cached_property
    def _by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.layers}

    @cached_property
    def training_memory(self) -> int | None:
        """Bytes that training takes; None where they are not known."""
        return self.training_bytes(self) if self.training_bytes else None

    @cached_property
    def findings(self) -> tuple[Diagnostic, ...]:
        """Warnings and advice about the spec; none where no `lint` was given."""
        return tuple(self.lint(self)) if self.lint else ()

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def input_shape(self) -> Shape:
        return self.spec.input.shape

    @property
    def output_shape(self) -> Shape:
        return self.layers[-1].output_shape

    @property
    def params(self) -> int:
        """Numbers in all parameters, those that keep their values in training included."""
        return sum(node.params for node in self.layers)

    def refuse_batch(self, samples: int, place: str) -> None:
        """Raises InputError where a batch of so many samples is too small to train on."""
        for node in self.layers:
            least = node.layer.least_batch(node.input_shapes[0])
            if samples < least:
                raise InputError(
                    f'{place}: {samples} sample leaves layer "{node.name}" ({node.type}) one number a channel, '
                    f"at least {least} are expected in training; choose a batch_size that leaves no batch of one"
                )

    def report(self, explain: bool = False) -> dict[str, Any]:
        """The object that `nbcnn validate --format json` prints, with `explain` the arithmetic of sizes as well."""
        return report(self.spec, self.layers, self.findings, explain, self.training_memory)
