"""Labelled samples in memory: what every data source produces and training reads."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.errors import DataError

Array = NDArray[Any]
Shape = tuple[int, ...]

# A label is an index into the network's outputs. More classes than this is a mistake in the labels (identifiers, say),
# and refusing it keeps one wrong label from asking for a list of 10**18 class names.
MOST_CLASSES = 65_536


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs (N, channels, *space), uint8 (meaning value / 255) or float32 (taken as it is), and targets (N,) int64."""

    inputs: Array
    targets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, indices: NDArray[np.int64]) -> "Dataset":
        """The samples at `indices`, copied, in that order."""
        return Dataset(self.inputs[indices], self.targets[indices])


@dataclass(frozen=True)
class Splits:
    """What a source provides; `test` and `validation` are None where it has none. `classes` names label 0, 1, ..."""

    train: Dataset
    test: Dataset | None
    validation: Dataset | None
    classes: tuple[str, ...]


def from_arrays(inputs: Array, labels: Array, place: str, input_shape: Shape | None = None) -> Dataset:
    """Samples from arrays as a file holds them; `place` names the file in messages.

    `inputs` is (N, ...) of bytes or of floating-point numbers, `labels` (N,) or (N, 1) of integers. With `input_shape`,
    the network's (channels, *space), inputs without a channel axis or with the channels last are brought into that
    shape; what fits neither way stays as it is, for `check` to refuse.
    Raises DataError for other types, numbers that are not finite, different counts, no samples and negative labels.
    """
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(
            f"{place}: labels are expected as integers of shape (N,), received {labels.dtype} of shape {labels.shape}; "
            "store one class index a sample"
        )
    if inputs.ndim < 2 or len(inputs) != len(labels):
        raise DataError(
            f"{place}: one label a sample is expected, received {len(labels)} labels for inputs of shape "
            f"{inputs.shape}; check that both arrays belong together"
        )
    if 0 in inputs.shape:
        raise DataError(f"{place}: at least one sample is expected, received inputs of shape {inputs.shape}")
    if labels.min() < 0:
        raise DataError(f"{place}: labels count from 0, received {labels.min()}; renumber the classes 0, 1, ...")
    if labels.max() >= MOST_CLASSES:
        raise DataError(
            f"{place}: labels are expected below {MOST_CLASSES}, received {labels.max()}; number the classes 0, 1, ..."
        )
    inputs = _with_channels_first(_numbers(inputs, place), input_shape)
    return Dataset(np.ascontiguousarray(inputs), labels.astype(np.int64))


def _numbers(inputs: Array, place: str) -> Array:
    if inputs.dtype == np.uint8:
        return inputs
    if inputs.dtype.kind != "f":
        raise DataError(
            f"{place}: inputs are expected as uint8 (0 to 255) or as floating-point numbers, received {inputs.dtype}; "
            "convert them with .astype"
        )
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite and is refused below
        inputs = inputs.astype(np.float32, copy=False)
    for index, sample in enumerate(inputs):
        if not np.isfinite(sample).all():
            raise DataError(f"{place}: inputs are expected to be finite, sample {index} is not; remove or repair it")
    return inputs


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
    """`names` where the source has some, else "0", "1", ... up to the highest label of the data sets.

    Raises DataError where a label has no name.
    """
    highest = max(int(dataset.targets.max()) for dataset in datasets if dataset is not None)
    if names is None:
        return tuple(str(label) for label in range(highest + 1))
    if highest >= len(names):
        raise DataError(f"{place}: labels below {len(names)} are expected, received {highest}; name every class")
    return names


def check(dataset: Dataset, input_shape: Shape, classes: int, place: str) -> None:
    """Refuses data that a network with this input shape and this number of outputs cannot read; raises DataError.

    Kernels do not check indices, so a label beyond the outputs must never reach them.
    """
    if dataset.inputs.shape[1:] != input_shape:
        raise DataError(
            f"{place}: the network's input expects samples of shape {input_shape}, received "
            f"{dataset.inputs.shape[1:]}; change [input] shape in the spec or resize the samples"
        )
    if dataset.inputs.dtype not in (np.dtype(np.uint8), np.dtype(np.float32)):
        raise DataError(f"{place}: inputs are expected as uint8 or float32, received {dataset.inputs.dtype}")
    if dataset.targets.shape != (len(dataset.inputs),):
        raise DataError(
            f"{place}: {len(dataset.inputs)} labels are expected, received an array of shape {dataset.targets.shape}"
        )
    outside = np.flatnonzero((dataset.targets < 0) | (dataset.targets >= classes))
    if outside.size:
        first = int(outside[0])
        raise DataError(
            f"{place}: labels from 0 to {classes - 1} are expected, since the network has {classes} outputs, received "
            f"{dataset.targets[first]} at sample {first} ({outside.size} such labels); mend the labels or give the "
            "last layer one output a class"
        )
