"""Tables of text, .csv and .tsv: a row is a sample, its numbers or the path of its image, and what it is labelled with.

The first line names the columns. `label` or `class` holds the classes' names or numbers; `target`, or columns that
begin so, numbers that are to be given. With a column `path` or `file` the sample is an image, its path relative to the
table; else all other columns are its numbers, in their order. A column `split` says train, validation or test. A table
whose first line holds numbers alone has no names: its first column is the class, as in the UCR archive of time series.
"""

import csv
import math
import sys
from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nbcnn.data.dataset import MOST_CLASSES, Array, Dataset, Shape, Splits, check_names
from nbcnn.data.download import Progress
from nbcnn.data.files import open_regular, reason
from nbcnn.data.image_files import read_splits
from nbcnn.data.images import Resize
from nbcnn.data.label_names import unknown_class
from nbcnn.data.split_names import SPLITS
from nbcnn.data.stored import Stored
from nbcnn.errors import DataError

SEPARATORS = {".csv": ",", ".tsv": "\t"}
"""By the file's ending."""
LABELS = ("label", "class")
PATHS = ("path", "file")
TARGET = "target"
SPLIT = "split"


@dataclass(frozen=True)
class _Columns:
    """Where in a row to find what."""

    label: int | None
    targets: list[int]
    path: int | None
    split: int | None
    numbers: list[int]
    count: int


@dataclass
class _Part:
    """The rows of one split; of `numbers` and `paths` one stays empty, and so of `labels` and `targets`.

    Numbers of all rows lie one after the other: a list for each would take many times as much.
    """

    lines: "array[int]" = field(default_factory=lambda: array("q"))
    labels: list[str] = field(default_factory=list)
    targets: "array[float]" = field(default_factory=lambda: array("f"))
    numbers: "array[float]" = field(default_factory=lambda: array("f"))
    paths: list[Path] = field(default_factory=list)


def load_file(
    path: Path,
    input_shape: Shape,
    *,
    resize: Resize | None = None,
    skip_unreadable: bool = False,
    on_progress: Progress | None = None,
) -> Splits:
    """The data set in a table; `resize` and `skip_unreadable` are for images, as in a folder of class folders.

    Classes are numbered in the order of their names, or of their numbers where all are numbers. A sample's numbers are
    those of the first channel, then of the next. Raises DataError with the line of what is wrong.
    """
    columns, parts = _parts(path)
    if "train" not in parts:
        raise DataError(f"{path}: rows to train on are expected, there is none; add some, or check the column {SPLIT}")
    classes: tuple[str, ...] = ()
    if columns.label is not None:
        classes = tuple(_in_order({*parts["train"].labels}))
        check_names(classes, str(path))
        _refuse_unknown_classes(parts, classes, path)
    skipped: tuple[str, ...] = ()
    if columns.path is not None:
        paths = {name: part.paths for name, part in parts.items()}
        read = read_splits(str(path), paths, input_shape, resize, skip_unreadable, on_progress)
        skipped = tuple(each for part in read.values() for each in part.skipped)
        inputs: dict[str, Array | Stored] = {name: each.inputs for name, each in read.items()}
        kept: Mapping[str, Array] = {name: each.kept for name, each in read.items()}
    else:
        inputs = {
            name: _shaped(_rows_of(part.numbers, len(columns.numbers)), input_shape, path)
            for name, part in parts.items()
        }
        kept = {name: np.ones(len(each), np.bool_) for name, each in inputs.items()}
    sets = {name: Dataset(inputs[name], _targets(part, columns, classes)[kept[name]]) for name, part in parts.items()}
    return Splits(sets["train"], sets.get("test"), sets.get("validation"), classes, skipped)


def _refuse_unknown_classes(parts: Mapping[str, _Part], classes: Sequence[str], path: Path) -> None:
    known = {*classes}
    for part in parts.values():
        for line, label in zip(part.lines, part.labels, strict=True):
            if label not in known:
                raise unknown_class(f"{path}:{line}", label, classes)


def look(path: Path) -> tuple[int, list[Path]]:
    """How many numbers a sample has; 0, and all images, where it is an image. Raises DataError as `load_file` does."""
    columns, parts = _parts(path)
    images = [each for part in parts.values() for each in part.paths]
    return (0 if images else len(columns.numbers)), images


def _parts(path: Path) -> tuple[_Columns, dict[str, _Part]]:
    parts: dict[str, _Part] = defaultdict(_Part)
    columns = None
    classes: set[str] = set()
    for line, row in _rows(path):
        if columns is None:
            columns = _columns(row, f"{path}:{line}")
            if _has_names(row):
                continue
        place = f"{path}:{line}"
        if len(row) != columns.count:
            raise DataError(f"{place}: {columns.count} columns are expected, received {len(row)}; check separators")
        part = parts[_split(row, columns, place)]
        part.lines.append(line)
        if columns.label is not None:
            part.labels.append(sys.intern(row[columns.label].strip()))
            if not part.labels[-1]:
                raise DataError(f"{place}: a class is expected in column {columns.label + 1}, it is empty; label it")
            classes.add(part.labels[-1])
            if len(classes) > MOST_CLASSES:
                raise DataError(f"{place}: at most {MOST_CLASSES} classes are expected, this is one more; check labels")
        else:
            part.targets.extend(_numbers(row, columns.targets, place))
        if columns.path is not None:
            part.paths.append(_inside(path.parent, row[columns.path].strip(), place))
        else:
            part.numbers.extend(_numbers(row, columns.numbers, place))
    if columns is None:
        raise DataError(f"{path}: a table is expected, the file is empty; check that it is the right one")
    return columns, {**parts}


def _rows(path: Path) -> Iterator[tuple[int, Sequence[str]]]:
    """Rows with their line; empty ones are passed over."""
    open_regular(path).close()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=SEPARATORS[path.suffix.lower()])
            for row in reader:
                if row:
                    yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a readable table ({reason(error)}); save it as UTF-8 text") from None


def _columns(first: Sequence[str], place: str) -> _Columns:
    """What the first line says, with names or without."""
    every = range(len(first))
    if not _has_names(first):
        return _Columns(0, [], None, None, [*every[1:]], len(first))
    names = [name.strip().lower() for name in first]
    label, path, split = (_only(names, wanted, place) for wanted in (LABELS, PATHS, (SPLIT,)))
    targets = [at for at in every if names[at].startswith(TARGET)]
    if (label is None) == (not targets):
        found = "neither is there" if label is None else "both are there"
        raise DataError(
            f"{place}: a column {LABELS[0]}, or columns that begin with {TARGET}, are expected in the first line, "
            f"{found}; name one of the columns {', '.join(name[:40] for name in first[:10])}"
            f"{', ...' if len(first) > 10 else ''} so"
        )
    others = {label, path, split, *targets}
    numbers = [at for at in every if at not in others]
    if path is None and not numbers:
        raise DataError(f"{place}: a column {PATHS[0]}, or columns of numbers, are expected; add them")
    return _Columns(label, targets, path, split, numbers, len(first))


def _has_names(first: Sequence[str]) -> bool:
    return not all(map(_is_number, first))


def _only(names: Sequence[str], wanted: Sequence[str], place: str) -> int | None:
    found = [at for at, name in enumerate(names) if name in wanted]
    if len(found) > 1:
        raise DataError(
            f"{place}: one column {' or '.join(wanted)} is expected, received {len(found)}; rename the others"
        )
    return found[0] if found else None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _split(row: Sequence[str], columns: _Columns, place: str) -> str:
    if columns.split is None:
        return "train"
    name = row[columns.split].strip().lower()
    if name not in SPLITS:
        raise DataError(f"{place}: {SPLIT} = {name[:100]!r} is expected to be one of {', '.join(SPLITS)}")
    return SPLITS[name]


def _inside(folder: Path, name: str, place: str) -> Path:
    """A path that a table gives may lead nowhere but into its own folder."""
    try:
        is_inside = (folder / name).resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError):  # a name too long, a NUL character
        is_inside = False
    if not is_inside or not name:
        raise DataError(
            f"{place}: a path within {folder} is expected, received {name[:200]!r}; move the table or the file"
        )
    return folder / name


def _numbers(row: Sequence[str], columns: Sequence[int], place: str) -> "array[float]":
    try:
        numbers = array("f", [float(row[at]) for at in columns])
    except ValueError:
        numbers = array("f", [float(row[at]) if _is_number(row[at]) else math.nan for at in columns])
    if not all(map(math.isfinite, numbers)):  # nor is what is beyond float32
        at = next(at for at, number in zip(columns, numbers, strict=True) if not math.isfinite(number))
        raise DataError(
            f"{place}: a finite number is expected in column {at + 1}, received {row[at][:100]!r}; repair it or remove "
            "the row"
        )
    return numbers


def _in_order(labels: set[str]) -> list[str]:
    return sorted(labels, key=float) if all(map(_is_number, labels)) else sorted(labels)


def _shaped(numbers: Array, input_shape: Shape, path: Path) -> Array:
    expected = int(np.prod(input_shape))
    if numbers.shape[1] != expected:
        raise DataError(
            f"{path}: {expected} numbers a row are expected for [input] shape {list(input_shape)}, received "
            f"{numbers.shape[1]}; change the shape, or the columns"
        )
    return np.ascontiguousarray(numbers.reshape(-1, *input_shape))


def _rows_of(numbers: "array[float]", columns: int) -> Array:
    return np.frombuffer(numbers, np.float32).reshape(-1, columns)


def _targets(part: _Part, columns: _Columns, classes: Sequence[str]) -> Array:
    if columns.label is None:
        return _rows_of(part.targets, len(columns.targets))
    numbers = {name: number for number, name in enumerate(classes)}
    return np.array([numbers[label] for label in part.labels], np.int64)
