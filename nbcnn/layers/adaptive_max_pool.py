"""Adaptive max pooling."""

from math import prod
from typing import Literal

from nbcnn.layers.adaptive_pool import AdaptivePool
from nbcnn.layers.axes import Shape


class AdaptiveMaxPool(AdaptivePool):
    """The largest number of each window, with as many windows as `output_size` says; ties go to the first."""

    type: Literal["adaptive_max_pool"]

    def other_flops(self, shape: Shape) -> dict[str, int]:
        return {"comparisons": self.reads(shape) - prod(self.output_shape(shape))}
