"""The rectifier that saturates (Krizhevsky, Convolutional deep belief networks on CIFAR-10, 2010)."""

from math import prod
from typing import Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.elementwise import Activation


class ReLU6(Activation):
    """x, but not below 0 and not above 6; the derivative at both is 0."""

    type: Literal["relu6"]

    def other_flops(self, shape: Shape) -> dict[str, int]:
        count = prod(shape)
        return {"comparisons": 2 * count}
