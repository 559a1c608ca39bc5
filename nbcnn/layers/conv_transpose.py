"""Transposed convolution over one, two or three axes: a learned upsampling."""

from collections.abc import Iterator
from math import prod
from typing import Any, Literal

from pydantic import Field

from nbcnn.layers.axes import AXIS_NAMES, Shape, Window, checked_window, per_axis
from nbcnn.layers.base import Initializer, Parameter
from nbcnn.layers.fields import Axes, MarginsField, NaturalAxes, Size
from nbcnn.layers.problems import Problem
from nbcnn.layers.resizing import transposed_sizes
from nbcnn.layers.trainable import Trainable
from nbcnn.layers.weights import channels_of_groups, declared_size, divisible_by_groups, weight_and_bias


class ConvTranspose(Trainable):
    """(in_channels, *space) to (out_channels, *larger); weight (in_channels, out_channels / groups, *kernel)."""

    type: Literal["conv_transpose"]
    in_channels: Size | None = Field(None, description="Inferred; where it is given it is checked.")
    out_channels: Size
    kernel_size: Axes
    stride: Axes = Field(1, description="How far apart the inputs come to lie in the output.")
    padding: MarginsField = Field(0, description="How much is left out at the output's borders.")
    output_padding: NaturalAxes = Field(0, description="How much longer the end is; below stride or dilation.")
    dilation: Axes = 1
    groups: Size = 1
    bias: bool = True
    initializer: Initializer = "pytorch"

    def _resolved(self, shape: Shape) -> tuple[Window, tuple[int, ...]]:
        space = self.space_of(shape)
        window = checked_window(space, self.kernel_size, self.stride, self.padding, self.dilation)
        return window, per_axis(self.output_padding, len(space), "output_padding", minimum=0)

    def window(self, shape: Shape) -> None:
        """None: how many inputs an output reads differs from output to output."""

    def channels_read(self, shape: Shape) -> list[range]:
        return channels_of_groups(shape[0], self.out_channels, self.groups)

    def positions_read(self, shape: Shape, axis: int, position: int) -> list[int]:
        """Input i reaches the outputs from i * stride - before on, `dilation` apart."""
        window, _ = self._resolved(shape)
        stride, (before, _) = window.stride[axis], window.padding[axis]
        starts = (position + before - tap * window.dilation[axis] for tap in range(window.kernel_size[axis]))
        return [start // stride for start in starts if start % stride == 0 and 0 <= start // stride < shape[1 + axis]]

    def arithmetic(self, shape: Shape) -> tuple[str, ...]:
        window, output_padding = self._resolved(shape)
        return tuple(
            f"{axis}: ({size} - 1) * {stride} + {extent} - {before} - {after} + {extra} = {output}"
            for axis, size, stride, extent, (before, after), extra, output in zip(
                AXIS_NAMES[len(shape) - 1],
                shape[1:],
                window.stride,
                window.spans,
                window.padding,
                output_padding,
                self.output_shape(shape)[1:],
                strict=True,
            )
        )

    def output_shape(self, shape: Shape) -> Shape:
        return (self.out_channels, *transposed_sizes(shape[1:], *self._resolved(shape)))

    def review(self, shape: Shape) -> Iterator[Problem]:
        yield from declared_size("in_channels", self.in_channels, shape[0])
        yield from divisible_by_groups(shape[0], self.out_channels, self.groups)

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        window, _ = self._resolved(shape)
        weight = (shape[0], self.out_channels // self.groups, *window.kernel_size)
        return weight_and_bias(weight, self.out_channels, bias=self.bias, initializer=self.initializer)

    def sharing(self, name: str, shape: Shape) -> int:
        """Each input position carries the weight out; each output position adds the bias."""
        return prod((shape if name == "weight" else self.output_shape(shape))[1:])

    def attributes(self, shape: Shape) -> dict[str, Any]:
        window, output_padding = self._resolved(shape)
        return {
            "stride": window.stride,
            "padding": window.padding,
            "output_padding": output_padding,
            "dilation": window.dilation,
            "groups": self.groups,
        }

    def macs(self, shape: Shape) -> int:
        """Every input multiplies its whole kernel, what falls into the padding too."""
        window, _ = self._resolved(shape)
        return prod(shape) * self.out_channels // self.groups * prod(window.kernel_size)

    def other_flops(self, shape: Shape) -> dict[str, int]:
        return {"bias_additions": prod(self.output_shape(shape))} if self.bias else {}
