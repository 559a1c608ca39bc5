"""From an image to a row of features."""

from math import prod
from typing import ClassVar, Literal

from nbcnn.layers.axes import Shape
from nbcnn.layers.base import Layer


class Flatten(Layer):
    """(channels, *space) to (channels * positions,), channels outermost; a flat input stays as it is."""

    keeps_numbers: ClassVar[bool] = True

    type: Literal["flatten"]

    def output_shape(self, shape: Shape) -> Shape:
        return (prod(shape),)

    def window(self, shape: Shape) -> None:
        return None
