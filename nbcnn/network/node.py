"""One operation of a network, before any array exists."""

from dataclasses import dataclass
from math import prod
from typing import Any

from nbcnn.layers.axes import Shape
from nbcnn.layers.base import Layer, Parameter
from nbcnn.network.receptive_field import ReceptiveField

FLOAT_BYTES = 4
"""Everything is float32."""

INPUT = "input"
"""The name by which a node reads the network's input."""


@dataclass(frozen=True)
class Node:
    """One operation of the network, resolved for its input; shapes leave out the batch.

    `operation` names the function in every folder of kernels, `attributes` are its keyword arguments, `parameters` its
    trainable arrays in order. `inputs` are names of nodes. Counts are per sample.
    """

    name: str
    type: str
    layer: Layer
    operation: str
    attributes: dict[str, Any]
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    parameters: dict[str, Parameter]
    macs: int
    other_flops: dict[str, int]
    field: ReceptiveField | None

    @property
    def params(self) -> int:
        return sum(prod(parameter.shape) for parameter in self.parameters.values())

    @property
    def flops(self) -> int:
        """Floating-point operations of inference: two for each multiply-add, and the rest."""
        return 2 * self.macs + sum(self.other_flops.values())

    @property
    def receptive_field(self) -> tuple[int, ...] | None:
        return self.field.size if self.field else None

    @property
    def jump(self) -> tuple[int, ...] | None:
        return self.field.jump if self.field else None

    @property
    def rf_start(self) -> tuple[int, ...] | None:
        return self.field.start if self.field else None

    @property
    def memory_bytes(self) -> int:
        """The output activation of one sample."""
        return FLOAT_BYTES * prod(self.output_shape)
