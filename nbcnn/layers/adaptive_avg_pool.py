"""Adaptive average pooling."""

from math import prod
from typing import Literal

from nbcnn.layers.adaptive_pool import AdaptivePool
from nbcnn.layers.axes import Shape


class AdaptiveAvgPool(AdaptivePool):
    """The mean of each window, with as many windows as `output_size` says."""

    type: Literal["adaptive_avg_pool"]

    def other_flops(self, shape: Shape) -> dict[str, int]:
        outputs = prod(self.output_shape(shape))
        return {"additions": self.reads(shape) - outputs, "divisions": outputs}
