"""Lp pooling."""

from math import prod
from typing import Any, Literal

from pydantic import Field

from nbcnn.layers.axes import Shape
from nbcnn.layers.pool import Pool


class LpPool(Pool):
    """The p-norm of each window, (sum |x|^p)^(1/p); padding and what `ceil_mode` lets overhang count as zeros.

    `norm_type` is p: 1 sums magnitudes, 2 is l2-norm pooling, and large p come near the largest magnitude. PyTorch's
    lp_pool takes no padding, does not take |x| of odd powers, and weighs up what `ceil_mode` lets overhang.
    """

    type: Literal["lp_pool"]
    norm_type: float = Field(gt=0, le=1e6, description="The p of the norm; 2 is l2-norm pooling.")

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return super().attributes(shape) | {"norm_type": self.norm_type}

    def other_flops(self, shape: Shape) -> dict[str, int]:
        outputs = prod(self.output_shape(shape))
        reads = outputs * prod(self.window(shape).kernel_size)
        if self.norm_type == 1:
            return {"additions": reads - outputs}
        if self.norm_type == 2:
            return {"multiplications": reads, "additions": reads - outputs, "square_roots": outputs}
        return {"powers": reads + outputs, "additions": reads - outputs}
