"""Labelled samples in memory: what every data source produces and training reads."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.errors import DataError

Array = NDArray[Any]
Shape = tuple[int, ...]

# More classes than this is a mistake in the labels (identifiers, say), and refusing it keeps one wrong label from
# asking for a list of 10**18 class names.
MOST_CLASSES = 65_536


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs (N, channels, *space), uint8 (meaning value / 255) or float32 (taken as it is), and their targets.

    Targets are class numbers, int64 (N,) or (N, *space), or float32 numbers (N, ...).
    """

    inputs: Array
    targets: Array

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, indices: NDArray[np.int64]) -> "Dataset":
        """The samples at `indices`, copied, in that order."""
        return Dataset(self.inputs[indices], self.targets[indices])


@dataclass(frozen=True)
class Splits:
    """What a source provides; `test` and `validation` are None where it has none. `classes` names label 0, 1, ...

    `skipped` are files that were left out because they cannot be read, as the spec allows.
    """

    train: Dataset
    test: Dataset | None
    validation: Dataset | None
    classes: tuple[str, ...]
    skipped: tuple[str, ...] = ()


def from_arrays(inputs: Array, targets: Array, place: str, input_shape: Shape | None = None) -> Dataset:
    """Samples from arrays as a file holds them; `place` names the file in messages.

    `inputs` is (N, ...) of bytes or of floating-point numbers, `targets` (N, ...) of integers, which are class numbers,
    or of floating-point numbers; a column (N, 1) of class numbers becomes (N,). With `input_shape`, the network's
    (channels, *space), inputs without a channel axis or with the channels last are brought into that shape; what fits
    neither way stays as it is, for `check_inputs` to refuse.
    Raises DataError for other types, numbers that are not finite, different counts and no samples.
    """
    if targets.dtype.kind not in "iubf" or targets.ndim < 1:
        raise DataError(
            f"{place}: labels are expected as integers, or targets as floating-point numbers, received {targets.dtype} "
            f"of shape {targets.shape}; store class numbers, one a sample or one a pixel"
        )
    if inputs.ndim < 2 or len(inputs) != len(targets):
        raise DataError(
            f"{place}: one label a sample is expected, received {len(targets)} labels for inputs of shape "
            f"{inputs.shape}; check that both arrays belong together"
        )
    if 0 in inputs.shape or 0 in targets.shape:
        raise DataError(
            f"{place}: at least one sample is expected, received inputs of shape {inputs.shape} and targets of shape "
            f"{targets.shape}"
        )
    inputs = _with_channels_first(_numbers(inputs, place), input_shape)
    return Dataset(np.ascontiguousarray(inputs), _targets(targets, place))


def _targets(targets: Array, place: str) -> Array:
    if targets.dtype.kind == "f":
        return np.ascontiguousarray(_finite(targets, "targets", place))
    column = targets.ndim == 2 and targets.shape[1] == 1
    return np.ascontiguousarray(targets[:, 0] if column else targets, dtype=np.int64)


def _numbers(inputs: Array, place: str) -> Array:
    if inputs.dtype == np.uint8:
        return inputs
    if inputs.dtype.kind != "f":
        raise DataError(
            f"{place}: inputs are expected as uint8 (0 to 255) or as floating-point numbers, received {inputs.dtype}; "
            "convert them with .astype"
        )
    return _finite(inputs, "inputs", place)


def _finite(values: Array, name: str, place: str) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite and is refused below
        numbers = values.astype(np.float32, copy=False)
    for index, sample in enumerate(numbers):
        if not np.isfinite(sample).all():
            raise DataError(f"{place}: {name} are expected to be finite, sample {index} is not; remove or repair it")
    return numbers


def _with_channels_first(inputs: Array, input_shape: Shape | None) -> Array:
    if input_shape is None or inputs.shape[1:] == input_shape:
        return inputs
    channels, space = input_shape[0], input_shape[1:]
    if channels == 1 and inputs.shape[1:] == space:
        return inputs[:, np.newaxis]
    if inputs.shape[1:] == (*space, channels):
        return np.moveaxis(inputs, -1, 1)
    return inputs


def class_names(names: tuple[str, ...] | None, place: str, *datasets: Dataset | None) -> tuple[str, ...]:
    """`names` where the source has some; else "0", "1", ... up to the highest label, where every sample has one.

    Raises DataError where a sample's label has no name.
    """
    labels = [each.targets for each in datasets if each is not None and _has_one_class(each)]
    if not labels:
        return names or ()
    highest = max(int(each.max()) for each in labels)
    if highest >= (MOST_CLASSES if names is None else len(names)):
        raise DataError(
            f"{place}: labels below {MOST_CLASSES if names is None else len(names)} are expected, received {highest}; "
            f"{'number the classes 0, 1, ...' if names is None else 'name every class'}"
        )
    return tuple(str(label) for label in range(highest + 1)) if names is None else names


def _has_one_class(dataset: Dataset) -> bool:
    """Whether every sample has one class number."""
    return dataset.targets.ndim == 1 and dataset.targets.dtype.kind == "i"


def check_inputs(inputs: Array, input_shape: Shape, place: str) -> None:
    """Refuses samples that a network with this input shape cannot read; raises DataError."""
    if inputs.shape[1:] != input_shape:
        raise DataError(
            f"{place}: the network's input expects samples of shape {input_shape}, received {inputs.shape[1:]}; change "
            "[input] shape in the spec or resize the samples"
        )
    if inputs.dtype not in (np.dtype(np.uint8), np.dtype(np.float32)):
        raise DataError(f"{place}: inputs are expected as uint8 or float32, received {inputs.dtype}")
