"""Layer normalisation (Ba, Kiros and Hinton, arXiv:1607.06450, 2016)."""

from collections.abc import Iterable, Iterator
from math import prod
from typing import Any, Literal

from pydantic import Field

from nbcnn.layers.axes import Shape, Window
from nbcnn.layers.base import Parameter
from nbcnn.layers.fields import AxisNumbers
from nbcnn.layers.normalisation import Normalisation, sets_of_one
from nbcnn.layers.problems import Code, Problem


class LayerNorm(Normalisation):
    """Normalises each sample over some of its axes; weight and bias have the sizes of these axes."""

    type: Literal["layer_norm"]
    axes: AxisNumbers | None = Field(
        None,
        description="1 is channels, 2 and on are the spatial axes; by default all. [1]: channels, at each position.",
    )

    def output_shape(self, shape: Shape) -> Shape:
        axes = self.axes or ()
        if len(set(axes)) < len(axes):
            raise Problem(Code.WRONG_VALUE, f"axes = {list(axes)} names an axis twice", "name each axis once", "axes")
        if axes and max(axes) > len(shape):
            raise Problem(
                Code.WRONG_AXES,
                f"axes = {list(axes)} names axis {max(axes)} of an input that has {len(shape)}",
                f"use axes from 1 (channels) to {len(shape)}",
                "axes",
            )
        return shape

    def _axes(self, shape: Shape) -> list[int]:
        return sorted(self.axes or range(1, len(shape) + 1))

    def _sizes(self, shape: Shape) -> Shape:
        return tuple(shape[axis - 1] for axis in self._axes(shape))

    def review(self, shape: Shape) -> Iterator[Problem]:
        yield from sets_of_one(self._sizes(shape), "name axes of a size above 1, or delete this layer")

    def window(self, shape: Shape) -> Window | None:
        return super().window(shape) if self._axes(shape) == [1] else None

    def channels_read(self, shape: Shape) -> list[range] | None:
        return [range(shape[0])] * shape[0] if 1 in self._axes(shape) else None

    def positions_read(self, shape: Shape, axis: int, position: int) -> Iterable[int]:
        return range(shape[1 + axis]) if axis + 2 in self._axes(shape) else (position,)

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        return self.weight_and_bias(self._sizes(shape))

    def attributes(self, shape: Shape) -> dict[str, Any]:
        # Spatial axes are counted from the end: that is the same with one, two and three of them.
        axes = (axis if axis == 1 else axis - len(shape) - 1 for axis in self._axes(shape))
        return {"axes": tuple(axes), "eps": self.eps}

    def other_flops(self, shape: Shape) -> dict[str, int]:
        return self.flops_of_sets(shape, prod(shape) // prod(self._sizes(shape)))
