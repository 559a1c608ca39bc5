"""The sigmoid-weighted linear unit, also called swish (Elfwing, Uchibe, Doya, Neural Networks 107, 2018)."""

from math import prod
from typing import Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.elementwise import Activation


class SiLU(Activation):
    """x times the logistic function of x."""

    type: Literal["silu"]

    def other_flops(self, shape: Shape) -> dict[str, int]:
        count = prod(shape)
        return {"elementary_functions": count, "additions": count, "divisions": count}
