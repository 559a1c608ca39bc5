"""The logarithm of the shares that softmax gives."""

from math import prod
from typing import Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.elementwise import Activation


class LogSoftmax(Activation):
    """x less log(sum(exp(x))) over the channels, for every position by itself."""

    type: Literal["log_softmax"]

    def channels_read(self, shape: Shape) -> list[range]:
        return [range(shape[0])] * shape[0]

    def other_flops(self, shape: Shape) -> dict[str, int]:
        count, positions = prod(shape), prod(shape[1:])
        return {
            "elementary_functions": count + positions,
            "comparisons": count - positions,
            "additions": 3 * count - positions,
        }
