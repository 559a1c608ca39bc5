"""Cropping."""

from typing import Any, Literal

from pydantic import Field

from nbcnn.layers.axes import Pairs, Shape, Window, pairs_per_axis
from nbcnn.layers.base import Layer
from nbcnn.layers.fields import MarginsField
from nbcnn.layers.resizing import cropped_sizes


class Crop(Layer):
    """(channels, *space) to (channels, *smaller): borders are left out."""

    type: Literal["crop"]
    crop: MarginsField = Field(description="How much to leave out, [[top, bottom], [left, right]] or alike.")

    def _pairs(self, shape: Shape) -> Pairs:
        return pairs_per_axis(self.crop, len(self.space_of(shape)), "crop")

    def window(self, shape: Shape) -> Window:
        """One pixel, which lies further inside: cropping is padding by less than nothing."""
        ones = (1,) * (len(shape) - 1)
        return Window(ones, ones, tuple((-before, -after) for before, after in self._pairs(shape)), ones)

    def output_shape(self, shape: Shape) -> Shape:
        return (shape[0], *cropped_sizes(shape[1:], self._pairs(shape)))

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return {"crop": self._pairs(shape)}
