"""The rectifier that leaks (Maas, Hannun, Ng, ICML workshop on deep learning for audio, 2013)."""

from math import prod
from typing import Any, Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.elementwise import Activation
from nbcnn.layers.fields import Real


class LeakyReLU(Activation):
    """x where x is above 0 and negative_slope * x elsewhere, at 0 too where the derivative is concerned."""

    type: Literal["leaky_relu"]
    negative_slope: Real = 0.01

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return {"negative_slope": self.negative_slope}

    def other_flops(self, shape: Shape) -> dict[str, int]:
        count = prod(shape)
        return {"comparisons": count, "multiplications": count}
