"""silu with a hard sigmoid (Howard et al., Searching for MobileNetV3, ICCV 2019, section 5.2)."""

from math import prod
from typing import Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.elementwise import Activation


class HardSwish(Activation):
    """x times the hard sigmoid of x; the derivative at -3 is 0, at 3 it is 1."""

    type: Literal["hard_swish"]

    def other_flops(self, shape: Shape) -> dict[str, int]:
        count = prod(shape)
        return {"comparisons": 2 * count, "additions": count, "divisions": count, "multiplications": count}
