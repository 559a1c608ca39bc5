"""Mish (Misra, BMVC 2020)."""

from math import prod
from typing import Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.elementwise import Activation


class Mish(Activation):
    """x * tanh(log(1 + exp(x)))."""

    type: Literal["mish"]

    def other_flops(self, shape: Shape) -> dict[str, int]:
        count = prod(shape)
        return {"elementary_functions": 3 * count, "additions": count, "multiplications": count}
