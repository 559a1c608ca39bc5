"""Upsampling without weights, to any size."""

from fractions import Fraction
from math import ceil, floor, prod
from typing import Any, Literal

from pydantic import Field

from nbcnn.layers.axes import Shape
from nbcnn.layers.base import Layer
from nbcnn.layers.fields import Axes
from nbcnn.layers.resizing import upsampled_sizes


class Upsample(Layer):
    """(channels, *space) to (channels, *size): the nearest pixel, or linear between pixels along every axis."""

    type: Literal["upsample"]
    size: Axes | None = Field(None, description="The output's spatial sizes; or give scale_factor.")
    scale_factor: Axes | None = Field(None, description="How many times as many pixels along an axis; or give size.")
    mode: Literal["nearest", "bilinear"] = Field("nearest", description="bilinear: linear over any number of axes.")
    align_corners: bool = Field(False, description="bilinear: the first and last pixels stay first and last.")

    def window(self, shape: Shape) -> None:
        """None: where the pixels lie that an output reads differs from output to output."""

    def output_shape(self, shape: Shape) -> Shape:
        space = self.space_of(shape)
        return (shape[0], *upsampled_sizes(space, self.size, self.scale_factor, self.mode, self.align_corners))

    def positions_read(self, shape: Shape, axis: int, position: int) -> range:
        source, target = shape[1 + axis], self.output_shape(shape)[1 + axis]
        if self.mode == "nearest":
            first = position * source // target
            return range(first, first + 1)
        if self.align_corners:
            place = Fraction(position * (source - 1), max(target - 1, 1))
        else:
            place = max(Fraction((2 * position + 1) * source, 2 * target) - Fraction(1, 2), Fraction(0))
        return range(floor(place), min(ceil(place), source - 1) + 1)

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return {"size": self.output_shape(shape)[1:], "mode": self.mode, "align_corners": self.align_corners}

    def other_flops(self, shape: Shape) -> dict[str, int]:
        if self.mode == "nearest":
            return {}
        outputs, taps = prod(self.output_shape(shape)), 2 ** (len(shape) - 1)
        return {"multiplications": outputs * taps, "additions": outputs * (taps - 1)}
