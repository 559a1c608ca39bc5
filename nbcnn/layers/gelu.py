"""The Gaussian error linear unit (Hendrycks, Gimpel, arXiv:1606.08415, section 2)."""

from math import prod
from typing import Any, Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.elementwise import Activation


class GELU(Activation):
    """x times the share of a standard normal distribution that lies below x; "tanh" takes their approximation of it."""

    type: Literal["gelu"]
    approximate: Literal["none", "tanh"] = "none"

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return {"approximate": self.approximate}

    def other_flops(self, shape: Shape) -> dict[str, int]:
        count = prod(shape)
        exact = self.approximate == "none"
        return {
            "elementary_functions": count,
            "additions": (1 if exact else 2) * count,
            "multiplications": (3 if exact else 6) * count,
        }
