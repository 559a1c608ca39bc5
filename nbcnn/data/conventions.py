"""What the arrays of a data set are called in a file that holds several."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from nbcnn.data.dataset import Array, Dataset, Shape, Splits, class_names, from_arrays
from nbcnn.data.stored import Stored
from nbcnn.errors import DataError

Convention = tuple[tuple[str, str], ...]
"""The names of the training part and, where there can be more, of the test and the validation part."""

CONVENTIONS: tuple[Convention, ...] = (
    (("x_train", "y_train"), ("x_test", "y_test"), ("x_val", "y_val")),
    (("train_images", "train_labels"), ("test_images", "test_labels"), ("val_images", "val_labels")),
    (("x", "y"),),
    (("images", "labels"),),
)
GROUPS: Convention = (("train/x", "train/y"), ("test/x", "test/y"), ("validation/x", "validation/y"))
CLASS_NAMES = "class_names"


def arranged(
    arrays: Mapping[str, Array | Stored],
    conventions: Sequence[Convention],
    path: Path,
    input_shape: Shape | None,
    listed: str,
) -> Splits:
    """The data set that named arrays make up, by the first of `conventions` that has one of them.

    `listed` says what the file holds, for the message where it has none. Raises DataError.
    """
    convention = next((row for row in conventions if arrays.keys() & {*row[0]}), None)
    if convention is None:
        raise DataError(
            f"{path}: arrays named {' and '.join(CONVENTIONS[0][0])} are expected, and not found; rename yours"
            + (f" ({listed[:200]})" if listed else "")
        )
    train = _part(arrays, convention[0], path, input_shape)
    test, validation = (
        _part(arrays, names, path, input_shape) if arrays.keys() & {*names} else None
        for names in (*convention[1:], (), ())[:2]
    )
    names = _names(arrays[CLASS_NAMES], path) if CLASS_NAMES in arrays else None
    return Splits(train, test, validation, class_names(names, str(path), train, test, validation))


def _part(arrays: Mapping[str, Array | Stored], names: Sequence[str], path: Path, input_shape: Shape | None) -> Dataset:
    for name in names:
        if name not in arrays:
            raise DataError(f"{path}: {' and '.join(names)} are expected, {name} is missing; add it to the file")
    return from_arrays(arrays[names[0]], arrays[names[1]], f"{path} {names[0]}", input_shape)


def _names(array: Array | Stored, path: Path) -> tuple[str, ...]:
    if isinstance(array, Stored) or array.ndim != 1 or array.dtype.kind not in "US":
        raise DataError(
            f"{path} {CLASS_NAMES}: strings of shape (classes,) are expected, received {array.dtype} of shape "
            f"{array.shape}; write numpy.array([...], dtype=str)"
        )
    # HDF5 has bytes, which are text in UTF-8.
    return tuple(each.decode("utf-8", "replace") if isinstance(each, bytes) else each for each in array.tolist())
