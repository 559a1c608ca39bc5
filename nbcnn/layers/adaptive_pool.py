"""What the pools share that are told how many windows to make, and not how large."""

from math import gcd, prod
from typing import Any

from pydantic import Field

from nbcnn.layers.axes import Shape, per_axis
from nbcnn.layers.base import Layer
from nbcnn.layers.fields import Axes


class AdaptivePool(Layer):
    """(channels, *space) to (channels, *output_size): of n windows along an axis, window i reads from
    floor(i * size / n) up to, not with, ceil((i + 1) * size / n), as in PyTorch."""

    output_size: Axes = Field(description="Windows along each axis; 1 for one number a channel.")

    def outputs(self, shape: Shape) -> Shape:
        """Windows along each axis."""
        return per_axis(self.output_size, len(self.space_of(shape)), "output_size")

    def output_shape(self, shape: Shape) -> Shape:
        return (shape[0], *self.outputs(shape))

    def window(self, shape: Shape) -> None:
        """None: windows differ in size."""

    def positions_read(self, shape: Shape, axis: int, position: int) -> range:
        size, count = shape[1 + axis], self.outputs(shape)[axis]
        return range(position * size // count, -(-(position + 1) * size // count))

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return {"output_size": self.outputs(shape)}

    def reads(self, shape: Shape) -> int:
        """Numbers that all windows together read; one that several windows read counts for each."""
        # Neighbours share a pixel unless their border is at a whole number, which it is once less than the gcd says.
        return shape[0] * prod(
            size + count - gcd(size, count) for size, count in zip(shape[1:], self.outputs(shape), strict=True)
        )
