"""The images of a data set, each in a file: decoded once and held, or, where these are too many, when they are used."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nbcnn.data.background import in_order
from nbcnn.data.dataset import Array, Shape
from nbcnn.data.download import Progress
from nbcnn.data.files import machine_memory
from nbcnn.data.images import Resize, UnreadableImage, image_shape, read_image, refuse_other_inputs, require_pillow
from nbcnn.data.stored import Stored
from nbcnn.errors import DataError
from nbcnn.machine.cores import most_threads

HELD_SHARE = 1 / 4
"""Of the memory, so much holds images; the network, its plan and what else the machine does have the rest."""

AHEAD = 256
"""Files that are read while the first of them is waited for: some take much longer than others."""


@dataclass(frozen=True, eq=False)
class ReadImages:
    """Images (N, channels, rows, columns) in bytes, which of the files they come from, and the files left out."""

    inputs: NDArray[np.uint8] | Stored
    kept: NDArray[np.bool_]
    skipped: tuple[str, ...]


def read_splits(
    place: str,
    paths: Mapping[str, Sequence[Path]],
    input_shape: Shape,
    resize: Resize | None,
    skip_unreadable: bool,
    on_progress: Progress | None,
) -> dict[str, ReadImages]:
    """The images of all splits, those that cannot be read left out where that is wished.

    Images that take up to `HELD_SHARE` of the memory are decoded and held. Others are decoded whenever they are used;
    now their headers are looked at or, where unreadable ones are to be left out, each is decoded once to know. Values
    and order are the same. `on_progress` hears of bytes of files. Raises DataError, naming the file, and InputError
    where there is no Pillow.
    """
    require_pillow(place)
    refuse_other_inputs(place, input_shape)
    is_held = sum(map(len, paths.values())) * prod(input_shape) <= HELD_SHARE * machine_memory()
    sizes = {name: [_size(path) for path in each] for name, each in paths.items()}
    total = sum(map(sum, sizes.values()))
    done = 0

    def add(size: int) -> None:
        nonlocal done
        done += size
        if on_progress is not None:
            on_progress(place, min(done, total), total)

    return {
        name: _read(_Files(each, input_shape, resize), is_held, skip_unreadable, sizes[name], add)
        for name, each in paths.items()
    }


@dataclass(frozen=True)
class _Files:
    """Images that a network reads, numbered as their files; what cannot be read raises UnreadableImage."""

    paths: Sequence[Path]
    input_shape: Shape
    resize: Resize | None

    def read(self, start: int, stop: int) -> Array:
        images = np.empty((stop - start, *self.input_shape), np.uint8)
        self.fill(images, start)
        return images

    def fill(self, images: Array, start: int) -> None:
        for number, place in enumerate(images, start):
            image = read_image(self.paths[number], self.input_shape, self.resize)
            self._refuse_size(number, image.shape)
            place[...] = image

    def check(self, number: int) -> None:
        """Look at the header of a file."""
        shape = image_shape(self.paths[number])
        if self.resize is None:
            self._refuse_size(number, shape)

    def _refuse_size(self, number: int, shape: Shape) -> None:
        if shape[1:] != self.input_shape[1:]:
            raise DataError(
                f"{self.paths[number]}: {_pixels(self.input_shape)} pixels are expected, received {_pixels(shape)}; "
                'set resize = "crop", "pad" or "stretch" in [data], or another [input] shape'
            )


def _read(files: _Files, is_held: bool, skip: bool, sizes: Sequence[int], add: Callable[[int], None]) -> ReadImages:
    count = len(files.paths)
    images = np.empty((count if is_held else 0, *files.input_shape), np.uint8)
    kept = np.ones(count, np.bool_)

    def look(number: int) -> UnreadableImage | None:
        try:
            if is_held:
                files.fill(images[number : number + 1], number)
            elif skip:  # a whole header can stand before damaged pixels
                files.read(number, number + 1)
            else:
                files.check(number)
        except UnreadableImage as error:
            return error
        return None

    # Pillow lets go of the interpreter while it decodes; results come in order, so the first error is the first file's.
    with closing(in_order((partial(look, number) for number in range(count)), most_threads(), AHEAD)) as errors:
        for number, error in enumerate(errors):
            add(sizes[number])
            if error is not None and not skip:
                raise DataError(f"{error}, or set skip_unreadable = true in [data]")
            kept[number] = error is None
    skipped = tuple(str(path) for path, is_kept in zip(files.paths, kept, strict=True) if not is_kept)
    if is_held:
        return ReadImages(images[kept] if skipped else images, kept, skipped)
    numbers = np.flatnonzero(kept)
    shape = (len(numbers), *files.input_shape)
    return ReadImages(Stored(shape, np.dtype(np.uint8), files.read, numbers, None, fill=files.fill), kept, skipped)


def _size(path: Path) -> int:
    """Bytes of a file, none where there is no such file, of which reading it tells."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _pixels(shape: Shape) -> str:
    return f"{shape[1]} x {shape[2]}"
