"""One operation of a network, before any array exists."""

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

from nbcnn.layers.axes import Shape
from nbcnn.layers.base import Layer, Parameter
from nbcnn.layers.trainable import Trainable
from nbcnn.network.receptive_field import ReceptiveField

FLOAT_BYTES = 4
"""Everything is float32."""


@dataclass(frozen=True)
class Node:
    """One operation of the network, resolved for its input; shapes leave out the batch.

    `operation` names the function in every folder of kernels, `attributes` are its keyword arguments, `parameters` the
    arrays that gradients reach and `buffers` those that they do not, both in order. `inputs` are names of nodes, or
    "input"; `input_shapes` has one for each. Counts are per sample.
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
    buffers: dict[str, Parameter]
    macs: int
    other_flops: dict[str, int]
    field: ReceptiveField | None

    @cached_property
    def params(self) -> int:
        return sum(prod(parameter.shape) for parameter in self.parameters.values())

    @property
    def saved_params(self) -> int:
        """Parameters of a fully connected layer between the same shapes, less its own; 0 where it has no weights.

        A convolution needs fewer because all positions share its kernel, and each reads its window alone. It saves
        none, 0, where its kernel is larger than the input and has weights for the padding alone.
        """
        if not self.macs:
            return 0
        outputs = prod(self.output_shape)
        return max(0, outputs * (prod(self.input_shapes[0]) + ("bias" in self.parameters)) - self.params)

    @property
    def buffer_elements(self) -> int:
        return sum(prod(buffer.shape) for buffer in self.buffers.values())

    @cached_property
    def trainable(self) -> bool:
        """Whether training changes its parameters; without any there is nothing to change."""
        return bool(self.parameters) and (not isinstance(self.layer, Trainable) or self.layer.trainable)

    @property
    def lr(self) -> float | None:
        """A learning rate of its own; None where it has the optimizer's."""
        return self.layer.lr if isinstance(self.layer, Trainable) else None

    def sharing(self, parameter: str) -> int:
        """How many positions of a sample share a parameter; 1 where the layer carries no kernel over its input."""
        return self.layer.sharing(parameter, self.input_shapes[0]) if isinstance(self.layer, Trainable) else 1

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
