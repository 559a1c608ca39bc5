"""The same numbers in another shape."""

from math import prod
from typing import Any, ClassVar, Literal

from pydantic import Field

from nbcnn.layers.axes import Shape
from nbcnn.layers.base import Layer
from nbcnn.layers.fields import NewShape
from nbcnn.layers.problems import Code, Problem


class Reshape(Layer):
    """Any shape to (channels, *space) with as many numbers, in C order."""

    keeps_numbers: ClassVar[bool] = True

    type: Literal["reshape"]
    shape: NewShape = Field(description="Channels, then up to three spatial sizes; one may be -1: what is left.")

    def output_shape(self, shape: Shape) -> Shape:
        return resolved(self.shape, shape)

    def window(self, shape: Shape) -> None:
        return None

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return {"shape": self.output_shape(shape)}


def resolved(wanted: Shape, shape: Shape) -> Shape:
    """`wanted` with its -1 replaced; raises Problem where it has more than one, or other numbers than `shape`."""
    if wanted.count(-1) > 1:
        raise Problem(Code.WRONG_VALUE, f"shape = {list(wanted)} has more than one -1", "keep one of them", "shape")
    count, known = prod(shape), prod(size for size in wanted if size != -1)
    if count % known or (-1 not in wanted and count != known):
        received = " x ".join(map(str, shape))
        rule = f"shape = {list(wanted)} does not hold the {count} numbers of {received}"
        raise Problem(Code.WRONG_VALUE, rule, f"use sizes whose product is {count}, or -1 for one of them", "shape")
    return tuple(count // known if size == -1 else size for size in wanted)
