"""The exponential linear unit (Clevert, Unterthiner, Hochreiter, ICLR 2016)."""

from math import prod
from typing import Any, Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.elementwise import Activation
from nbcnn.layers.fields import NonNegative


class ELU(Activation):
    """x where x is above 0 and alpha * (exp(x) - 1) elsewhere; the derivative at 0 is alpha."""

    type: Literal["elu"]
    alpha: NonNegative = 1.0

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return {"alpha": self.alpha}

    def other_flops(self, shape: Shape) -> dict[str, int]:
        count = prod(shape)
        return {"comparisons": count, "elementary_functions": count, "multiplications": count}
