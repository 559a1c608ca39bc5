"""The scaled exponential linear unit (Klambauer et al., Self-normalizing neural networks, NIPS 2017)."""

from math import prod
from typing import Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.elementwise import Activation


class SELU(Activation):
    """1.0507 times x where x is above 0, and 1.7581 * (exp(x) - 1) elsewhere."""

    type: Literal["selu"]

    def other_flops(self, shape: Shape) -> dict[str, int]:
        count = prod(shape)
        return {"comparisons": count, "elementary_functions": count, "multiplications": count}
