"""Shares of a whole: every channel's part at its place."""

from math import prod
from typing import Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.elementwise import Activation


class Softmax(Activation):
    """exp(x) divided by its sum over the channels, for every position by itself."""

    type: Literal["softmax"]

    def channels_read(self, shape: Shape) -> list[range]:
        return [range(shape[0])] * shape[0]

    def other_flops(self, shape: Shape) -> dict[str, int]:
        count, positions = prod(shape), prod(shape[1:])
        return {
            "elementary_functions": count,
            "comparisons": count - positions,
            "additions": 2 * count - positions,
            "divisions": count,
        }
