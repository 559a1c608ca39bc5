"""k-max pooling."""

from fractions import Fraction
from math import ceil, prod
from typing import Annotated, Any, Literal

from pydantic import Field

from nbcnn.layers.axes import Shape, Window, per_axis
from nbcnn.layers.base import Layer
from nbcnn.layers.fields import LARGEST, Expects, Size
from nbcnn.layers.problems import Code, Problem

Count = Annotated[
    Annotated[int, Field(ge=1, le=LARGEST)] | Annotated[float, Field(gt=0, lt=1)],
    Expects(f"a whole number from 1 to {LARGEST}, or a share of the length between 0 and 1"),
]


def kmax_window(
    space: Shape, k: int | float, kernel_size: int | None = None, stride: int | None = None
) -> tuple[Window, int]:
    """The window along the last axis, and how many of its numbers are kept; raises Problem where they are too few.

    A k below 1 is a share of the window's length and rounded up.
    """
    length = space[-1] if kernel_size is None else per_axis(kernel_size, 1, "kernel_size")[0]
    step = length if stride is None else per_axis(stride, 1, "stride")[0]
    others = (1,) * (len(space) - 1)
    window = Window.resolve(space, (*others, length), (*others, step))
    if 0 < k < 1:
        # As it was written: in binary a tenth is a little more than a tenth, which would round up to one more.
        return window, ceil(Fraction(repr(float(k))) * length)
    (count,) = per_axis(k, 1, "k")  # type: ignore[arg-type]
    if count > length:
        raise Problem(
            Code.WRONG_VALUE, f"k = {count} but a window has {length} numbers", f"use k <= {length}, or a share", "k"
        )
    return window, count


class KMaxPool(Layer):
    """The k largest numbers of each window, in the order in which they stand there.

    Windows lie along the last axis: all of it, which makes (channels, length) into (channels, k), or `kernel_size` long
    and `stride` apart, and then the k numbers of one window stand beside those of the next. Other axes stay. k is a
    whole number, or a share of the window's length below 1, rounded up; of equal numbers the first are kept.
    Kalchbrenner, Grefenstette and Blunsom, A convolutional neural network for modelling sentences, ACL 2014, section
    3.2; their dynamic k, section 3.3, is a share of the sentence's length.
    """

    type: Literal["kmax_pool"]
    k: Count = Field(description="How many: a whole number, or a share of the window's length between 0 and 1.")
    kernel_size: Size | None = Field(None, description="Length of a window along the last axis; by default all of it.")
    stride: Size | None = Field(None, description="By default the kernel_size: windows side by side.")

    def _resolved(self, shape: Shape) -> tuple[Window, int]:
        return kmax_window(self.space_of(shape), self.k, self.kernel_size, self.stride)

    def output_shape(self, shape: Shape) -> Shape:
        window, k = self._resolved(shape)
        *others, count = window.output_sizes(shape[1:])
        return (shape[0], *others, count * k)

    def window(self, shape: Shape) -> None:
        """None: which positions a unit sees depends on the numbers there."""

    def positions_read(self, shape: Shape, axis: int, position: int) -> range:
        """Along the last axis all of its window, since the numbers there choose; its own where all are kept."""
        window, k = self._resolved(shape)
        if axis < len(shape) - 2:
            return range(position, position + 1)
        touched = window.positions(axis, position // k)
        return touched[position % k : position % k + 1] if k == len(touched) else touched

    def attributes(self, shape: Shape) -> dict[str, Any]:
        window, k = self._resolved(shape)
        return {"k": k, "kernel_size": window.kernel_size[-1], "stride": window.stride[-1]}

    def other_flops(self, shape: Shape) -> dict[str, int]:
        """A sorted list of k is compared with each number, and the smallest of the list with each number again."""
        window, k = self._resolved(shape)
        windows = prod(self.output_shape(shape)) // k
        return {"comparisons": windows * window.kernel_size[-1] * (k + 1)}
