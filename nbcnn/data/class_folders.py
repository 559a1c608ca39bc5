"""A folder with a folder of images for each class, alone or within folders `train`, `validation` and `test`."""

import difflib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nbcnn.data.dataset import Dataset, Shape, Splits
from nbcnn.data.download import Progress
from nbcnn.data.files import machine_memory, reason
from nbcnn.data.images import Resize, read_image, refuse_other_inputs, require_pillow
from nbcnn.errors import DataError

SPLITS = {"train": "train", "validation": "validation", "valid": "validation", "val": "validation", "test": "test"}
"""Names of folders that are splits and not classes, where one is named train."""


@dataclass(frozen=True)
class _Listed:
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
) -> Splits:
    """The images of a folder of class folders, (N, channels, rows, columns) in bytes.

    Classes are numbered in the order of their names, those of `train` where there are splits. Images lie in a class's
    folder or deeper; files that Pillow knows no format for by their ending, and hidden ones, are passed over. `resize`
    says how images of other sizes are brought to the network's. With `skip_unreadable` files that hold no readable
    image are left out and listed in `skipped`. Raises DataError, naming the file or class, and InputError where there
    is no Pillow.
    """
    place = str(folder)
    require_pillow(place)
    refuse_other_inputs(place, input_shape)
    folders = _split_folders(folder)
    classes = tuple(sorted(path.name for path in _subfolders(folders["train"])))
    listed = {name: _listed(path, classes) for name, path in folders.items()}
    needed = sum(len(each.paths) for each in listed.values()) * int(np.prod(input_shape))
    if needed > (memory := machine_memory()):
        raise DataError(
            f"{place}: its images take {needed} bytes at the network's size, this machine has {memory} bytes of "
            "memory; use a smaller [input] shape or fewer images"
        )
    sizes = [path.stat().st_size for each in listed.values() for path in each.paths]
    progress = _Progress(on_progress, place, sum(sizes))
    skipped: list[str] = []
    parts = {}
    for name, each in listed.items():
        parts[name] = _read(each, classes, input_shape, resize, skipped if skip_unreadable else None, progress)
    return Splits(parts["train"], parts.get("test"), parts.get("validation"), classes, tuple(skipped))


def _split_folders(folder: Path) -> dict[str, Path]:
    found = {SPLITS[path.name]: path for path in _subfolders(folder) if path.name in SPLITS}
    # A class may be called "train" too: then its folder holds images and no folders.
    return found if "train" in found and _subfolders(found["train"]) else {"train": folder}


def _subfolders(folder: Path) -> list[Path]:
    try:
        return [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    except OSError as error:
        raise DataError(f"{folder}: the folder cannot be read ({reason(error)}); check its rights") from None


def _listed(folder: Path, classes: tuple[str, ...]) -> _Listed:
    paths: list[Path] = []
    labels: list[int] = []
    for path in _subfolders(folder):
        if path.name not in classes:
            near = difflib.get_close_matches(path.name, classes, n=1)
            cure = f'the nearest is "{near[0]}"' if near else "add it to train or remove it"
            raise DataError(
                f"{path}: train has {len(classes)} classes and none of this name, "
                f"{', '.join(classes[:10])}{', ...' if len(classes) > 10 else ''}; {cure}"
            )
        found = list(_images(path))
        if not found:
            raise DataError(f"{path}: at least one image is expected in a class's folder; remove it or fill it")
        paths += found
        labels += [classes.index(path.name)] * len(found)
    if not paths:
        raise DataError(f"{folder}: a folder of images for each class is expected, there is none; check the path")
    return _Listed(folder, tuple(paths), tuple(labels))


def _images(folder: Path) -> Iterator[Path]:
    from PIL import Image

    known = Image.registered_extensions()
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in known:
                yield Path(place) / name


class _Progress:
    """Adds up the bytes of files that have been read."""

    def __init__(self, on_progress: Progress | None, place: str, total: int) -> None:
        self._report, self._place, self._total, self._done = on_progress, place, total, 0

    def add(self, path: Path) -> None:
        self._done += path.stat().st_size
        if self._report is not None:
            self._report(self._place, min(self._done, self._total), self._total)


def _read(
    listed: _Listed,
    classes: tuple[str, ...],
    input_shape: Shape,
    resize: Resize | None,
    skipped: list[str] | None,
    progress: _Progress,
) -> Dataset:
    """The images of a split; what cannot be read goes to `skipped`, where that is a list."""
    inputs = np.empty((len(listed.paths), *input_shape), np.uint8)
    kept = np.ones(len(listed.paths), np.bool_)

    def read(index: int) -> DataError | None:
        try:
            image: NDArray[np.uint8] = read_image(listed.paths[index], input_shape, resize)
        except DataError as error:
            return error
        if image.shape != input_shape:
            raise DataError(
                f"{listed.paths[index]}: {_size(input_shape)} pixels are expected, received {_size(image.shape)}; "
                'set resize = "crop", "pad" or "stretch" in [data], or another [input] shape'
            )
        inputs[index] = image
        return None

    # Pillow lets go of the interpreter while it decodes; results come in order, so the first error is the first file's.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for index, error in enumerate(pool.map(read, range(len(listed.paths)))):
            progress.add(listed.paths[index])
            if error is None:
                continue
            if skipped is None:
                pool.shutdown(cancel_futures=True)
                raise DataError(f"{error}, or set skip_unreadable = true in [data]")
            kept[index] = False
            skipped.append(str(listed.paths[index]))
    labels = np.array(listed.labels, np.int64)
    for label in sorted({*listed.labels}):
        if not kept[labels == label].any():
            raise DataError(f"{listed.folder / classes[label]}: none of its images can be read; repair or remove them")
    return Dataset(inputs[kept], labels[kept])


def _size(shape: Shape) -> str:
    return f"{shape[1]} x {shape[2]}"
