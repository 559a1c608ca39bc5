"""Convolution over one, two or three axes: deep learning's (cross-correlation) or, with `flip`, mathematics' own."""

from collections.abc import Iterator
from math import prod
from typing import Any, Literal

from pydantic import Field

from nbcnn.layers.axes import Shape, Window, checked_window, inside
from nbcnn.layers.base import Initializer, Parameter
from nbcnn.layers.fields import Axes, PaddingField, Size
from nbcnn.layers.problems import Problem
from nbcnn.layers.resizing import border_problems
from nbcnn.layers.trainable import Trainable
from nbcnn.layers.weights import channels_of_groups, declared_size, divisible_by_groups, weight_and_bias


class Conv(Trainable):
    """(in_channels, *space) to (out_channels, *windows); weight (out_channels, in_channels / groups, *kernel)."""

    type: Literal["conv"]
    in_channels: Size | None = Field(None, description="Inferred; where it is given it is checked.")
    out_channels: Size
    kernel_size: Axes
    stride: Axes = 1
    padding: PaddingField = 0
    padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = Field(
        "zeros", description="What the padding holds: zeros, or numbers copied from the input."
    )
    dilation: Axes = 1
    groups: Size = 1
    bias: bool = True
    flip: bool = Field(False, description="True convolution: the kernel is mirrored along every axis.")
    initializer: Initializer = "pytorch"

    def window(self, shape: Shape) -> Window:
        return checked_window(self.space_of(shape), self.kernel_size, self.stride, self.padding, self.dilation)

    def channels_read(self, shape: Shape) -> list[range]:
        return channels_of_groups(shape[0], self.out_channels, self.groups)

    def positions_read(self, shape: Shape, axis: int, position: int) -> list[int]:
        return inside(self.window(shape).positions(axis, position), shape[1 + axis], self.padding_mode)

    def output_shape(self, shape: Shape) -> Shape:
        return (self.out_channels, *self.window(shape).output_sizes(shape[1:]))

    def review(self, shape: Shape) -> Iterator[Problem]:
        yield from declared_size("in_channels", self.in_channels, shape[0])
        yield from divisible_by_groups(shape[0], self.out_channels, self.groups)
        yield from border_problems(self.window(shape).padding, shape[1:], self.padding_mode)

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        kernel = self.window(shape).kernel_size
        weight = (self.out_channels, shape[0] // self.groups, *kernel)
        return weight_and_bias(weight, self.out_channels, bias=self.bias, initializer=self.initializer)

    def sharing(self, name: str, shape: Shape) -> int:
        return prod(self.output_shape(shape)[1:])

    def attributes(self, shape: Shape) -> dict[str, Any]:
        window = self.window(shape)
        return {
            "stride": window.stride,
            "padding": window.padding,
            "padding_mode": self.padding_mode,
            "dilation": window.dilation,
            "groups": self.groups,
            "flip": self.flip,
        }

    def macs(self, shape: Shape) -> int:
        """Every output multiplies its whole window, the padding in it too."""
        kernel = self.window(shape).kernel_size
        return prod(self.output_shape(shape)) * shape[0] // self.groups * prod(kernel)

    def other_flops(self, shape: Shape) -> dict[str, int]:
        return {"bias_additions": prod(self.output_shape(shape))} if self.bias else {}
