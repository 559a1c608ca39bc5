"""What the pools over a sliding window have in common."""

from collections.abc import Iterator
from math import prod
from typing import Any

from pydantic import Field

from nbcnn.layers.axes import Shape, Window, checked_window
from nbcnn.layers.base import Layer
from nbcnn.layers.fields import Axes, PaddingField
from nbcnn.layers.problems import Problem


class Pool(Layer):
    """A window of every channel becomes one number: (channels, *space) to (channels, *windows)."""

    kernel_size: Axes
    stride: Axes = Field(
        default_factory=lambda fields: fields["kernel_size"],
        description="By default the kernel_size: windows side by side.",
    )
    padding: PaddingField = Field(0, description="At most half the window.")
    ceil_mode: bool = Field(False, description="Keep a last window that the input fills only in part.")

    def window(self, shape: Shape) -> Window:
        return checked_window(
            self.space_of(shape), self.kernel_size, self.stride, self.padding, ceil_mode=self.ceil_mode
        )

    def output_shape(self, shape: Shape) -> Shape:
        return (shape[0], *self.window(shape).output_sizes(shape[1:]))

    def review(self, shape: Shape) -> Iterator[Problem]:
        yield from self.window(shape).padding_above_half()

    def attributes(self, shape: Shape) -> dict[str, Any]:
        window = self.window(shape)
        return {
            "kernel_size": window.kernel_size,
            "stride": window.stride,
            "padding": window.padding,
            "ceil_mode": window.ceil_mode,
        }


class ExtremePool(Pool):
    """The largest or the smallest number of each window, which `dilation` may spread."""

    dilation: Axes = 1

    def window(self, shape: Shape) -> Window:
        return checked_window(
            self.space_of(shape), self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        )

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return super().attributes(shape) | {"dilation": self.window(shape).dilation}

    def other_flops(self, shape: Shape) -> dict[str, int]:
        return {"comparisons": prod(self.output_shape(shape)) * (prod(self.window(shape).kernel_size) - 1)}
