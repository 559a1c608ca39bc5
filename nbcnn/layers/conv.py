"""Convolution over one, two or three axes: deep learning's (cross-correlation) or, with `flip`, mathematics' own."""

from collections.abc import Iterator
from math import prod
from typing import Any, Literal

from pydantic import Field

from nbcnn.layers.axes import Shape, Window
from nbcnn.layers.base import Initializer, Layer, Parameter
from nbcnn.layers.fields import Axes, PaddingField, Size
from nbcnn.layers.problems import Code, Problem
from nbcnn.layers.weights import declared_size, weight_and_bias


class Conv(Layer):
    """(in_channels, *space) to (out_channels, *windows); weight (out_channels, in_channels / groups, *kernel)."""

    type: Literal["conv"]
    in_channels: Size | None = Field(None, description="Inferred; where it is given it is checked.")
    out_channels: Size
    kernel_size: Axes
    stride: Axes = 1
    padding: PaddingField = 0
    dilation: Axes = 1
    groups: Size = 1
    bias: bool = True
    flip: bool = Field(False, description="True convolution: the kernel is mirrored along every axis.")
    initializer: Initializer = "pytorch"

    def window(self, shape: Shape) -> Window:
        return Window.resolve(self.space_of(shape), self.kernel_size, self.stride, self.padding, self.dilation)

    def output_shape(self, shape: Shape) -> Shape:
        return (self.out_channels, *self.window(shape).output_sizes(shape[1:]))

    def review(self, shape: Shape) -> Iterator[Problem]:
        yield from self.window(shape).unread_input(shape[1:])
        yield from declared_size("in_channels", self.in_channels, shape[0])
        for field, channels in (("in_channels", shape[0]), ("out_channels", self.out_channels)):
            if channels % self.groups:
                divisors = [
                    count for count in range(1, self.groups) if shape[0] % count == self.out_channels % count == 0
                ]
                yield Problem(
                    Code.BAD_GROUPS,
                    f"{field} (={channels}) must be divisible by groups (={self.groups})",
                    f"use groups = {divisors[-1]}",
                    "groups",
                )
                return

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        kernel = self.window(shape).kernel_size
        weight = (self.out_channels, shape[0] // self.groups, *kernel)
        return weight_and_bias(weight, bias=self.bias, initializer=self.initializer)

    def attributes(self, shape: Shape) -> dict[str, Any]:
        window = self.window(shape)
        return {
            "stride": window.stride,
            "padding": window.padding,
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
