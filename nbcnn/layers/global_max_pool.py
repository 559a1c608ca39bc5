"""Global max pooling."""

from math import prod
from typing import Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.global_pool import GlobalPool


class GlobalMaxPool(GlobalPool):
    """The largest number of each channel; ties go to the first."""

    type: Literal["global_max_pool"]

    def other_flops(self, shape: Shape) -> dict[str, int]:
        return {"comparisons": prod(shape) - shape[0]}
