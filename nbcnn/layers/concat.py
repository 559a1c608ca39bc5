"""Several inputs one after the other along the channels, as in Inception and DenseNet."""

from collections.abc import Sequence
from typing import Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.merge import Merge


class Concat(Merge):
    """(channels, *space) of equal spatial sizes to (sum of channels, *space); flat inputs to a longer flat one."""

    type: Literal["concat"]

    def misfit(self, first: Shape, other: Shape) -> str | None:
        if first[1:] == other[1:]:
            return None
        if len(first) != len(other):
            return "flatten both or neither"
        return "make their spatial sizes equal: with the same strides and padding on both ways"

    def joined(self, shapes: Sequence[Shape]) -> Shape:
        return (sum(shape[0] for shape in shapes), *shapes[0][1:])
