"""What a data source holds, seen without a network that says what it reads: shapes, classes and counts."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Literal

import numpy as np

from nbcnn.data import cifar, class_folders, idx, text_table
from nbcnn.data.catalogue import NAMES, load
from nbcnn.data.dataset import MOST_CLASSES, Array, Dataset, Shape
from nbcnn.data.download import Progress
from nbcnn.data.images import image_shape, require_pillow
from nbcnn.data.stored import Stored
from nbcnn.errors import DataError

LOOKED_AT = 1000
"""Images of a folder whose sizes are read, evenly spaced."""
LARGEST_SIDE = 96
"""Images of one size are taken as they are, unless a side is longer: a first network should train in minutes."""
RESIZED = (16, 64)
"""The shortest and the longest side of images of many sizes."""
MOST_SIGNALS = 16
"""More rows than these are an image's, fewer, and much shorter than the columns, the channels of a signal."""
VOID = 255
"""Where class maps are images, this number by custom stands for no class."""


@dataclass(frozen=True)
class Found:
    """What is in a data source: `shape` is (channels, *space), `resize` how images must be brought to it.

    `targets` says whether a sample has a class, each of its pixels has one, or it has numbers; `outputs` is how many
    classes or numbers there are. `samples` counts by split, `counts` those of the training split by class. `sizes`
    tells the sizes of images that have not all the same.
    """

    shape: Shape
    resize: Literal["crop"] | None
    samples: Mapping[str, int]
    targets: Literal["class", "classes by pixel", "numbers"]
    outputs: int
    classes: tuple[str, ...]
    counts: tuple[int, ...]
    void: int | None
    sizes: str | None


def look(
    source: str, data_dir: Path | None = None, on_progress: Progress | None = None, *, skip_unreadable: bool = False
) -> Found:
    """What is in a source as `load` takes it, its path counting from the working directory.

    Of images in folders only names and headers are read; with `skip_unreadable` those that cannot be are passed over.
    Raises DataError where there is no data set.
    """
    path = Path(os.path.expanduser(source))
    if source not in NAMES and os.path.isdir(path) and not cifar.fits(path) and not idx.find(path):
        return _class_folders(path, skip_unreadable, data_dir)
    shape: Shape | None = None
    resize: Literal["crop"] | None = None
    sizes = None
    if source not in NAMES and os.path.isfile(path) and path.suffix.lower() in text_table.SEPARATORS:
        numbers, images = text_table.look(path)
        shape, resize, sizes = ((1, numbers), None, None) if numbers else _images(images, str(path), skip_unreadable)
    splits = load(source, data_dir, input_shape=shape, resize=resize, on_progress=on_progress)
    sets = {"training": splits.train, "validation": splits.validation, "test": splits.test}
    there = {name: dataset for name, dataset in sets.items() if dataset is not None}
    targets, outputs, void = _targets(there, source)
    classes, counts = splits.classes, _counts(splits.train, outputs if targets == "class" else 0)
    shape = shape or _shape(splits.train.inputs, source)
    samples = {name: len(dataset) for name, dataset in there.items()}
    return Found(shape, resize, samples, targets, max(outputs, len(classes)), classes, counts, void, sizes)


def _class_folders(folder: Path, skip_unreadable: bool, data_dir: Path | None) -> Found:
    classes, listed = class_folders.listed_splits(folder, data_dir)
    paths = [path for each in listed.values() for path in each.paths]
    shape, resize, sizes = _images(paths, str(folder), skip_unreadable)
    names = {"train": "training", "validation": "validation", "test": "test"}
    samples = {word: len(listed[name].paths) for name, word in names.items() if name in listed}
    counts = tuple(np.bincount(listed["train"].labels, minlength=len(classes)).tolist())
    return Found(shape, resize, samples, "class", len(classes), classes, counts, None, sizes)


def _images(
    paths: Sequence[Path], place: str, skip_unreadable: bool
) -> tuple[Shape, Literal["crop"] | None, str | None]:
    """A shape for images in files, whether they must be resized for it, and their sizes where these differ."""
    require_pillow(place)
    shapes = []
    for path in paths[:: -(-len(paths) // LOOKED_AT)]:
        try:
            shapes.append(image_shape(path))
        except DataError:
            if not skip_unreadable:
                raise
    if not shapes:
        raise DataError(f"{place}: none of its images can be read; check that they are images")
    channels = max(each[0] for each in shapes)
    spaces = sorted({each[1:] for each in shapes})
    if len(spaces) == 1 and max(spaces[0]) <= LARGEST_SIDE:
        return (channels, *spaces[0]), None, None
    shortest, longest = RESIZED
    middle = int(np.median([min(each[1:]) for each in shapes]))
    side = min(longest, max(shortest, middle // 8 * 8))
    sizes = " to ".join(dict.fromkeys(f"{rows}x{columns}" for rows, columns in (spaces[0], spaces[-1])))
    return (channels, side, side), "crop", sizes


def _shape(inputs: Array | Stored, place: str) -> Shape:
    """What (channels, *space) samples of an array have; a first or last axis of few is taken for channels."""
    match inputs.shape[1:]:
        case (features,):
            return (1, features)
        case (channels, length) if channels <= MOST_SIGNALS and length > 4 * channels and inputs.dtype != np.uint8:
            return (channels, length)
        case (rows, columns):
            return (1, rows, columns)
        case (rows, columns, 1 | 3 | 4 as channels) if rows > 4:
            return (channels, rows, columns)
        case (1 | 2 | 3 | 4 as channels, rows, columns):
            return (channels, rows, columns)
        case (_, _, _) as sizes:
            # A volume is about as deep as wide; many channels, such as those of a spectrum, are not.
            return (1, *sizes) if max(sizes) <= 2 * min(sizes) else sizes
        case (depth, rows, columns, 1 | 3 as channels) if depth > 4:
            return (channels, depth, rows, columns)
        case (_, _, _, _) as shape:
            return shape
    raise DataError(f"{place}: samples have one to four axes, received {inputs.shape[1:]}; change the arrays' shape")


def _targets(
    sets: Mapping[str, Dataset], place: str
) -> tuple[Literal["class", "classes by pixel", "numbers"], int, int | None]:
    """What the targets are, how many outputs they want, and the number that stands for no class."""
    first = sets["training"].targets
    if first.dtype.kind == "f":
        if first.ndim > 2:
            raise DataError(f"{place}: numbers (N, outputs) are expected as targets, received {first.shape}")
        return "numbers", prod(first.shape[1:]), None
    values = np.unique(np.concatenate([_values(dataset.targets) for dataset in sets.values()]))
    values = values[values >= 0]  # numbers below 0 stand for no class
    void = VOID if first.ndim > 1 and len(values) > 1 and values[-1] == VOID else None
    if not len(values):
        raise DataError(f"{place}: class numbers of 0 and above are expected, all are below 0; number the classes")
    outputs = int(values[-2 if void else -1]) + 1
    if outputs > MOST_CLASSES:
        raise DataError(
            f"{place}: class numbers below {MOST_CLASSES} are expected, received {outputs - 1}; number the classes "
            "0, 1, ..., or store numbers that are to be predicted as floating-point numbers"
        )
    return ("class" if first.ndim == 1 else "classes by pixel"), outputs, void


def _values(targets: Array | Stored) -> Array:
    parts = [np.unique(targets[start : start + LOOKED_AT]) for start in range(0, len(targets), LOOKED_AT)]
    return np.unique(np.concatenate(parts))


def _counts(train: Dataset, classes: int) -> tuple[int, ...]:
    labels = train.labels
    if labels is None or not classes:
        return ()
    return tuple(np.bincount(labels[labels >= 0], minlength=classes).tolist())
