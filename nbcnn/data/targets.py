"""What a network's targets must be, and the checks that they are."""

from dataclasses import dataclass
from functools import partial
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from nbcnn.data.dataset import Array, Dataset, Shape, check_inputs, formed
from nbcnn.data.stored import Stored
from nbcnn.errors import DataError


@dataclass(frozen=True)
class ClassNumbers:
    """A whole number from 0 to `classes` - 1 for each place of `space`, which is () where a sample has one class.

    `ignore_index` stands where no class counts.
    """

    classes: int
    space: Shape
    ignore_index: int

    @property
    def shape(self) -> Shape:
        return self.space

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.int64)


@dataclass(frozen=True)
class Numbers:
    """Finite numbers from `lowest` to `highest`, as many as the network gives for a sample."""

    shape: Shape
    lowest: float
    highest: float

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float32)


Wanted = ClassNumbers | Numbers


def fitted(dataset: Dataset, input_shape: Shape, wanted: Wanted, place: str) -> Dataset:
    """The data set as a network with this input shape and these targets reads it; raises DataError where it cannot.

    Axes of size 1 that the targets have too many or too few do not matter.
    """
    check_inputs(dataset.inputs, input_shape, place)

    def shaped(part: Array, first: int) -> Array:
        if _without_ones(part.shape[1:]) == _without_ones(wanted.shape):
            return part.reshape(len(part), *wanted.shape)
        return part

    targets = formed(dataset.targets, shaped)
    return Dataset(dataset.inputs, checked_targets(targets, len(dataset.inputs), wanted, place))


def _without_ones(shape: Shape) -> Shape:
    return tuple(size for size in shape if size != 1)


@overload
def checked_targets(targets: Array, samples: int, wanted: Wanted, place: str) -> Array: ...
@overload
def checked_targets(targets: Array | Stored, samples: int, wanted: Wanted, place: str) -> Array | Stored: ...
def checked_targets(targets: Array | Stored, samples: int, wanted: Wanted, place: str) -> Array | Stored:
    """`targets` for so many samples as contiguous int64 or float32; raises DataError for other shapes and values.

    The values of what is stored are checked when they are read.

    Kernels do not check class numbers, so one beyond the outputs must never reach them.
    """
    if targets.shape != (samples, *wanted.shape) or not samples:
        cure = "reshape the targets, or change the last layer"
        if isinstance(wanted, ClassNumbers):
            each = "pixel" if wanted.space else "sample"
            expected = f"{samples} labels are expected, one for each {each}, of shape {(samples, *wanted.shape)}"
            if targets.shape == (samples,):
                cure = "end the network with flatten and linear, or give a label for each pixel"
        else:
            expected = f"targets of shape {(samples, *wanted.shape)} are expected"
        raise DataError(f"{place}: {expected}, received {targets.shape}; {cure}")
    if isinstance(wanted, ClassNumbers):
        return formed(targets, partial(_class_numbers, wanted, place))
    return formed(targets, partial(_numbers, wanted, place))


def _class_numbers(wanted: ClassNumbers, place: str, targets: Array, sample: int) -> NDArray[np.int64]:
    if targets.dtype.kind not in "iub":
        raise DataError(
            f"{place}: class numbers are expected as integers, received {targets.dtype}; use .astype(int), or a loss "
            "that compares numbers, such as mse_loss"
        )
    last = wanted.classes - 1
    outside = ((targets < 0) | (targets > last)) & (targets != wanted.ignore_index)
    if outside.any():
        first = np.argwhere(outside)[0]
        where = f"sample {sample + first[0]}" + (f", place {tuple(map(int, first[1:]))}" if len(first) > 1 else "")
        raise DataError(
            f"{place}: labels from 0 to {last} are expected, since the network has {wanted.classes} outputs, received "
            f"{targets[tuple(first)]} at {where} ({np.count_nonzero(outside)} such labels); mend the labels, give the "
            f"last layer one output a class, or let ignore_index (={wanted.ignore_index}) name what does not count"
        )
    return np.ascontiguousarray(targets, dtype=np.int64)


def _numbers(wanted: Numbers, place: str, targets: Array, sample: int) -> NDArray[np.float32]:
    if targets.dtype.kind not in "fiub":
        raise DataError(
            f"{place}: numbers are expected, received {targets.dtype}; convert them with .astype('float32')"
        )
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite and is refused below
        numbers = np.ascontiguousarray(targets, dtype=np.float32)
    # Written so that what is not a number is outside.
    outside = ~((numbers >= wanted.lowest) & (numbers <= wanted.highest) & np.isfinite(numbers))
    if outside.any():
        first = np.argwhere(outside)[0]
        bounds = (
            f"numbers from {wanted.lowest:g} to {wanted.highest:g}" if wanted.highest < np.inf else "finite numbers"
        )
        raise DataError(
            f"{place}: {bounds} are expected, received {targets[tuple(first)]} at sample {sample + first[0]} "
            f"({np.count_nonzero(outside)} such targets); mend or scale the targets"
        )
    return numbers
