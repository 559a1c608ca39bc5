"""Padding as a layer of its own."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from nbcnn.layers.axes import Pairs, Shape, Window, inside, pairs_per_axis
from nbcnn.layers.base import Layer
from nbcnn.layers.fields import MarginsField, Real
from nbcnn.layers.problems import Code, Problem
from nbcnn.layers.resizing import border_problems, padded_sizes


class Pad(Layer):
    """(channels, *space) to (channels, *larger): a border of one number, or copied from the input."""

    type: Literal["pad"]
    padding: MarginsField
    mode: Literal["constant", "reflect", "replicate", "circular"] = "constant"
    value: Real = Field(0.0, description='What the border holds with mode = "constant".')

    def _pairs(self, shape: Shape) -> Pairs:
        return pairs_per_axis(self.padding, len(self.space_of(shape)), "padding")

    def window(self, shape: Shape) -> Window:
        ones = (1,) * (len(shape) - 1)
        return Window(ones, ones, self._pairs(shape), ones)

    def positions_read(self, shape: Shape, axis: int, position: int) -> list[int]:
        return inside(self.window(shape).positions(axis, position), shape[1 + axis], self.mode)

    def output_shape(self, shape: Shape) -> Shape:
        return (shape[0], *padded_sizes(shape[1:], self._pairs(shape)))

    def review(self, shape: Shape) -> Iterator[Problem]:
        yield from border_problems(self._pairs(shape), shape[1:], self.mode)
        if self.value and self.mode != "constant":
            yield Problem(
                Code.WRONG_VALUE,
                f'value = {self.value:g} has no meaning with mode = "{self.mode}"',
                'delete it or use mode = "constant"',
                "value",
            )

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return {"padding": self._pairs(shape), "mode": self.mode, "value": self.value}
