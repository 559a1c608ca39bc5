"""The hyperbolic tangent."""

from math import prod
from typing import Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.elementwise import Activation


class Tanh(Activation):
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x))."""

    type: Literal["tanh"]

    def other_flops(self, shape: Shape) -> dict[str, int]:
        return {"elementary_functions": prod(shape)}
