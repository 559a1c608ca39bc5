"""The rectified linear unit."""

from math import prod
from typing import Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.elementwise import Activation


class ReLU(Activation):
    """max(x, 0); its derivative at 0 is 0."""

    type: Literal["relu"]

    def other_flops(self, shape: Shape) -> dict[str, int]:
        return {"comparisons": prod(shape)}
