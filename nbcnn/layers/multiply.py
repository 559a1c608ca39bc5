"""The product of several inputs, as where squeeze-and-excitation scales channels."""

from collections.abc import Sequence
from math import prod
from typing import Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.merge import Merge


class Multiply(Merge):
    """Element by element; every input after the first has its shape, or holds one factor per channel: (channels,) or
    (channels, 1, ...)."""

    type: Literal["multiply"]

    def misfit(self, first: Shape, other: Shape) -> str | None:
        if other in (first, first[:1], (first[0], *(1 for _ in first[1:]))):
            return None
        if first in (other[:1], (other[0], *(1 for _ in other[1:]))):
            return "name the larger input first"
        return f"the second must have the first's shape, or {first[0]} channels with spatial sizes of 1"

    def joined(self, shapes: Sequence[Shape]) -> Shape:
        return shapes[0]

    def other_flops(self, shape: Shape) -> dict[str, int]:
        return {"multiplications": prod(shape) * self.operations}
