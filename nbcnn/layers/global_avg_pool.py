"""Global average pooling."""

from math import prod
from typing import Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.global_pool import GlobalPool


class GlobalAvgPool(GlobalPool):
    """The mean of each channel. Lin, Chen and Yan, Network in Network, ICLR 2014, section 3.2."""

    type: Literal["global_avg_pool"]

    def other_flops(self, shape: Shape) -> dict[str, int]:
        return {"additions": prod(shape) - shape[0], "divisions": shape[0]}
