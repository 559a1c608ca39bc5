"""The logistic function made of three straight lines (Howard et al., Searching for MobileNetV3, ICCV 2019)."""

from math import prod
from typing import Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.elementwise import Activation


class HardSigmoid(Activation):
    """x / 6 + 1/2, but not below 0 and not above 1; the derivative where the lines meet is 0."""

    type: Literal["hard_sigmoid"]

    def other_flops(self, shape: Shape) -> dict[str, int]:
        count = prod(shape)
        return {"comparisons": 2 * count, "additions": count, "divisions": count}
