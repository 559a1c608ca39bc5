"""The logistic function."""

from math import prod
from typing import Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.elementwise import Activation


class Sigmoid(Activation):
    """1 / (1 + exp(-x))."""

    type: Literal["sigmoid"]

    def other_flops(self, shape: Shape) -> dict[str, int]:
        return {"elementary_functions": prod(shape), "additions": prod(shape), "divisions": prod(shape)}
