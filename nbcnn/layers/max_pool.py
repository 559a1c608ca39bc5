"""Max pooling."""

from math import prod
from typing import Any, Literal

from nbcnn.layers.axes import Shape, Window
from nbcnn.layers.fields import Axes
from nbcnn.layers.pool import Pool


class MaxPool(Pool):
    """The largest number of each window; padding counts as minus infinity, ties go to the first."""

    type: Literal["max_pool"]
    dilation: Axes = 1

    def window(self, shape: Shape) -> Window:
        return Window.resolve(
            self.space_of(shape), self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        )

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return super().attributes(shape) | {"dilation": self.window(shape).dilation}

    def other_flops(self, shape: Shape) -> dict[str, int]:
        return {"comparisons": prod(self.output_shape(shape)) * (prod(self.window(shape).kernel_size) - 1)}
