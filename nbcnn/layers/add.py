"""The sum of several inputs, as at the end of a residual block."""

from collections.abc import Sequence
from math import prod
from typing import Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.merge import Merge


class Add(Merge):
    """Element by element, of inputs of one shape."""

    type: Literal["add"]

    def misfit(self, first: Shape, other: Shape) -> str | None:
        if first == other:
            return None
        if first[1:] == other[1:]:
            return f"bring one to the other's channels with a conv of kernel_size = 1, out_channels = {first[0]}"
        return "make both shapes equal: with the same strides and padding on both ways, or a conv on the shorter one"

    def joined(self, shapes: Sequence[Shape]) -> Shape:
        return shapes[0]

    def other_flops(self, shape: Shape) -> dict[str, int]:
        return {"additions": prod(shape) * self.operations}
