"""The smooth rectifier (Dugas et al., NIPS 2000)."""

from math import prod
from typing import Annotated, Any, Literal

from pydantic import Field

from nbcnn.layers.axes import Shape
from nbcnn.layers.elementwise import Activation
from nbcnn.layers.fields import Real

SMALLEST_BETA = 1e-6
"""The result is divided by beta, which has to stay away from 0 in float32."""


class Softplus(Activation):
    """log(1 + exp(beta * x)) / beta, and x itself where beta * x is above the threshold."""

    type: Literal["softplus"]
    beta: Annotated[float, Field(ge=SMALLEST_BETA, le=1e6)] = 1.0
    threshold: Real = 20.0

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return {"beta": self.beta, "threshold": self.threshold}

    def other_flops(self, shape: Shape) -> dict[str, int]:
        count = prod(shape)
        return {
            "elementary_functions": 2 * count,
            "additions": count,
            "multiplications": count,
            "divisions": count,
            "comparisons": count,
        }
