"""A folder with a folder of images for each class, alone or within folders `train`, `validation` and `test`."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nbcnn.data.dataset import Dataset, Shape, Splits, check_names
from nbcnn.data.download import Progress
from nbcnn.data.files import reason, refuse_links_out
from nbcnn.data.image_files import ReadImages, read_splits
from nbcnn.data.images import Resize, require_pillow
from nbcnn.data.label_names import unknown_class
from nbcnn.data.split_names import SPLITS
from nbcnn.errors import DataError

MOST_DEPTH = 32
"""Folders in one another below that of a class."""


@dataclass(frozen=True)
class Listed:
    """The images of a split, in the order of their names, and their class numbers."""

    folder: Path
    paths: tuple[Path, ...]
    labels: tuple[int, ...]


def load_folder(
    folder: Path,
    input_shape: Shape,
    *,
    resize: Resize | None = None,
    skip_unreadable: bool = False,
    on_progress: Progress | None = None,
    data_dir: Path | None = None,
) -> Splits:
    """The images of a folder of class folders, (N, channels, rows, columns) in bytes.

    Classes are numbered in the order of their names, those of `train` where there are splits. Images lie in a class's
    folder or deeper; files that Pillow knows no format for by their ending, and hidden ones, are passed over. `resize`
    says how images of other sizes are brought to the network's. With `skip_unreadable` files that hold no readable
    image are left out and listed in `skipped`. Images too many for the memory stay in their files. Raises DataError,
    naming the file or class, and InputError where there is no Pillow.
    """
    place = str(folder)
    classes, listed = listed_splits(folder, data_dir)
    paths = {name: each.paths for name, each in listed.items()}
    read = read_splits(place, paths, input_shape, resize, skip_unreadable, on_progress)
    parts = {name: _checked(each, classes, read[name]) for name, each in listed.items()}
    skipped = tuple(path for each in read.values() for path in each.skipped)
    return Splits(parts["train"], parts.get("test"), parts.get("validation"), classes, skipped)


def listed_splits(folder: Path, data_dir: Path | None = None) -> tuple[tuple[str, ...], dict[str, Listed]]:
    """Classes, and the files of each split; raises what `load_folder` raises for folders and files that do not do."""
    require_pillow(str(folder))
    folders = _split_folders(folder)
    classes = tuple(sorted(path.name for path in _subfolders(folders["train"])))
    check_names(classes, str(folder))
    found = {name: _listed(path, classes) for name, path in folders.items()}
    for name, path in folders.items():
        refuse_links_out([path, *_subfolders(path), *found[name].paths], folder, data_dir)
    return classes, found


def _split_folders(folder: Path) -> dict[str, Path]:
    found = {SPLITS[path.name]: path for path in _subfolders(folder) if path.name in SPLITS}
    # A class may be called "train" too: then its folder holds images and no folders.
    return found if "train" in found and _subfolders(found["train"]) else {"train": folder}


def _subfolders(folder: Path) -> list[Path]:
    try:
        return [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    except OSError as error:
        raise DataError(f"{folder}: the folder cannot be read ({reason(error)}); check its rights") from None


def _listed(folder: Path, classes: tuple[str, ...]) -> Listed:
    paths: list[Path] = []
    labels: list[int] = []
    for path in _subfolders(folder):
        if path.name not in classes:
            raise unknown_class(str(path), path.name, classes)
        found = list(_images(path))
        if not found:
            raise DataError(f"{path}: at least one image is expected in a class's folder; remove it or fill it")
        paths += found
        labels += [classes.index(path.name)] * len(found)
    if not paths:
        raise DataError(f"{folder}: a folder of images for each class is expected, there is none; check the path")
    return Listed(folder, tuple(paths), tuple(labels))


def _images(folder: Path, depth: int = 0) -> Iterator[Path]:
    """The images in a folder, then those in the folders in it, which links are not followed to."""
    from PIL import Image

    if depth > MOST_DEPTH:
        raise DataError(f"{folder}: folders are nested more than {MOST_DEPTH} deep; move its images up")
    known = Image.registered_extensions()
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(f"{folder}: the folder cannot be read ({reason(error)}); check its rights") from None
    for entry in entries:
        is_image = not entry.name.startswith(".") and Path(entry.name).suffix.lower() in known
        if is_image and not os.path.isdir(entry):  # which has an answer for links in a circle, too
            yield folder / entry.name
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _images(folder / entry.name, depth + 1)


def _checked(listed: Listed, classes: tuple[str, ...], read: ReadImages) -> Dataset:
    """A split's images and class numbers; raises DataError for a class of which nothing could be read."""
    labels = np.array(listed.labels, np.int64)
    for label in sorted({*listed.labels}):
        if not read.kept[labels == label].any():
            raise DataError(f"{listed.folder / classes[label]}: none of its images can be read; repair or remove them")
    return Dataset(read.inputs, labels[read.kept])
