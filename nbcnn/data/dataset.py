"""Labelled samples, in memory or in a file: what every data source produces and training reads."""

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nbcnn.data.background import in_order
from nbcnn.data.stored import Array as Array
from nbcnn.data.stored import Shape as Shape
from nbcnn.data.stored import Stored
from nbcnn.errors import DataError
from nbcnn.machine.cores import most_threads

# More classes than this is a mistake in the labels (identifiers, say), and refusing it keeps one wrong label from
# asking for a list of 10**18 class names.
MOST_CLASSES = 65_536

LONGEST_NAME = 256
"""Characters of a class's name."""

OBEYED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What is no text: control characters, what turns text around, and bytes that are none in UTF-8."""

PIECE = 1 << 20
"""Numbers looked at together, which takes a byte for each."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs (N, channels, *space), uint8 (meaning value / 255) or float32 (taken as it is), and their targets.

    Targets are class numbers, int64 (N,) or (N, *space), or float32 numbers (N, ...). Both are arrays, or `Stored`
    where they stay in a file; class numbers (N,) are always an array.
    """

    inputs: Array | Stored
    targets: Array | Stored

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def is_stored(self) -> bool:
        """Whether samples are read from a file when they are asked for."""
        return isinstance(self.inputs, Stored) or isinstance(self.targets, Stored)

    @property
    def is_scattered(self) -> bool:
        """Whether inputs are stored, and are as quickly read in any order."""
        return isinstance(self.inputs, Stored) and self.inputs.block is None

    @property
    def blocks(self) -> NDArray[np.int64] | None:
        """For each sample the number of its block in the file, where the inputs are stored in blocks."""
        return self.inputs.blocks if isinstance(self.inputs, Stored) else None

    def take(self, indices: NDArray[np.int64]) -> "Dataset":
        """The samples at `indices`, in that order: copied, or where they are stored still in their file."""
        return Dataset(_taken(self.inputs, indices), _taken(self.targets, indices))

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """The class number of each sample; None where samples have none, or one for each pixel."""
        targets = self.targets
        return None if isinstance(targets, Stored) or targets.ndim != 1 or targets.dtype.kind != "i" else targets

    def loaded(self, key: slice | NDArray[np.int64]) -> tuple[Array, Array]:
        """Inputs and targets of the samples at `key`, in memory. Raises DataError where they cannot be read."""
        return self.inputs[key], self.targets[key]

    def parts(self, samples: int) -> Generator[tuple[Array, Array]]:
        """Inputs and targets of all samples in order, so many at a time; what is stored is read ahead by threads.

        Raises DataError where they cannot be read.
        """
        slices = (slice(start, start + samples) for start in range(0, len(self), samples))
        # One thread keeps a disk busy, while images in files of their own keep a core busy each.
        threads = most_threads() if self.is_scattered else int(self.is_stored)
        yield from in_order((partial(self.loaded, each) for each in slices), threads, ahead=threads)


def _taken(samples: Array | Stored, indices: NDArray[np.int64]) -> Array | Stored:
    return samples.take(indices) if isinstance(samples, Stored) else samples[indices]


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


def from_arrays(
    inputs: Array | Stored, targets: Array | Stored, place: str, input_shape: Shape | None = None
) -> Dataset:
    """Samples from arrays as a file holds them; `place` names the file in messages.

    `inputs` is (N, ...) of bytes or of floating-point numbers, `targets` (N, ...) of integers, which are class numbers,
    or of floating-point numbers; a column (N, 1) of class numbers becomes (N,). With `input_shape`, the network's
    (channels, *space), inputs without a channel axis or with the channels last are brought into that shape; what fits
    neither way stays as it is, for `check_inputs` to refuse.
    Raises DataError for other types, numbers that are not finite, different counts and no samples; what is stored is
    looked for numbers that are not finite when it is read.
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

    def form_inputs(part: Array, first: int) -> Array:
        return np.ascontiguousarray(_with_channels_first(_numbers(part, place, first), input_shape))

    is_right = inputs.dtype == np.uint8 and inputs.shape[1:] == (input_shape or inputs.shape[1:])
    # Bytes in a file that are as they are wanted go straight to where they are used.
    formed_inputs = inputs if isinstance(inputs, Stored) and is_right else formed(inputs, form_inputs)
    return Dataset(formed_inputs, formed(targets, partial(_targets, place)))


def formed(samples: Array | Stored, form: Callable[[Array, int], Array]) -> Array | Stored:
    """What `form(part, first)` makes of samples, all of them now or, where they are stored, parts when they are read.

    `first` is the number of the part's first sample.
    """
    return samples.formed(form) if isinstance(samples, Stored) else form(samples, 0)


def _targets(place: str, targets: Array, first: int) -> Array:
    if targets.dtype.kind == "f":
        return np.ascontiguousarray(_finite(targets, "targets", place, first))
    column = targets.ndim == 2 and targets.shape[1] == 1
    return np.ascontiguousarray(targets[:, 0] if column else targets, dtype=np.int64)


def _numbers(inputs: Array, place: str, first: int) -> Array:
    if inputs.dtype == np.uint8:
        return inputs
    if inputs.dtype.kind != "f":
        raise DataError(
            f"{place}: inputs are expected as uint8 (0 to 255) or as floating-point numbers, received {inputs.dtype}; "
            "convert them with .astype"
        )
    return _finite(inputs, "inputs", place, first)


def _finite(values: Array, name: str, place: str, first: int) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite and is refused below
        numbers = values.astype(np.float32, copy=False)
    step = max(1, PIECE * len(numbers) // max(1, numbers.size))
    for start in range(0, len(numbers), step):
        if not (is_finite := np.isfinite(numbers[start : start + step])).all():
            index = first + start + int(np.argwhere(~is_finite)[0, 0])
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

    Raises DataError where a sample's label has no name, and for names that `check_names` refuses.
    """
    if names is not None:
        check_names(names, place)
    labels = [each.labels for each in datasets if each is not None and each.labels is not None]
    if not labels:
        return names or ()
    highest = max(int(each.max()) for each in labels)
    if highest >= (MOST_CLASSES if names is None else len(names)):
        raise DataError(
            f"{place}: labels below {MOST_CLASSES if names is None else len(names)} are expected, received {highest}; "
            f"{'number the classes 0, 1, ...' if names is None else 'name every class'}"
        )
    return tuple(str(label) for label in range(highest + 1)) if names is None else names


def check_names(names: Sequence[str], place: str) -> None:
    """Refuses more names of classes than there can be, and names that are no short texts; raises DataError."""
    if len(names) > MOST_CLASSES:
        raise DataError(
            f"{place}: at most {MOST_CLASSES} classes are expected, received {len(names)}; check the labels"
        )
    for name in names:
        if not 0 < len(name) <= LONGEST_NAME:
            raise DataError(
                f"{place}: names of classes of 1 to {LONGEST_NAME} characters are expected, received {name[:40]!r} of "
                f"{len(name)}; rename it"
            )
        if found := OBEYED.search(name):
            raise DataError(
                f"{place}: the name of the class {name[:100]!r} holds {found[0]!r}, which terminals obey; rename it"
            )


def check_inputs(inputs: Array | Stored, input_shape: Shape, place: str) -> None:
    """Refuses samples that a network with this input shape cannot read; raises DataError."""
    if inputs.shape[1:] != input_shape:
        raise DataError(
            f"{place}: the network's input expects samples of shape {input_shape}, received {inputs.shape[1:]}; change "
            "[input] shape in the spec or resize the samples"
        )
    if inputs.dtype not in (np.dtype(np.uint8), np.dtype(np.float32)):
        raise DataError(f"{place}: inputs are expected as uint8 or float32, received {inputs.dtype}")
