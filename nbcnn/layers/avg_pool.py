"""Average pooling."""

from math import prod
from typing import Any, Literal

from pydantic import Field

from nbcnn.layers.axes import Shape
from nbcnn.layers.pool import Pool


class AvgPool(Pool):
    """The mean of each window; what `ceil_mode` lets overhang is never counted in the mean."""

    type: Literal["avg_pool"]
    count_include_pad: bool = Field(True, description="Whether the zeros of the padding count in the mean.")

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return super().attributes(shape) | {"count_include_pad": self.count_include_pad}

    def other_flops(self, shape: Shape) -> dict[str, int]:
        outputs = prod(self.output_shape(shape))
        return {"additions": outputs * (prod(self.window(shape).kernel_size) - 1), "divisions": outputs}
