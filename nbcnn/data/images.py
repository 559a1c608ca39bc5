"""Images as Pillow reads them, brought to the channels and the size that a network expects."""

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nbcnn.data.dataset import Shape
from nbcnn.data.download import Progress
from nbcnn.data.files import machine_memory, reason
from nbcnn.errors import DataError, InputError

ORIENTATION = 0x0112
"""The EXIF tag that says how a camera was held; from 5 on rows and columns change places."""

Resize = Literal["crop", "pad", "stretch"]

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Pillow's names of images with 8 bits a channel, by the number of channels."""


def require_pillow(place: str) -> None:
    """Raises InputError where there is no Pillow."""
    try:
        import PIL  # noqa: F401
    except ImportError:
        raise InputError(
            f"{place}: Pillow reads images and is not installed; pip install 'nbcnn[image]', or give arrays"
        ) from None


def refuse_other_inputs(place: str, input_shape: Shape) -> None:
    """Raises DataError where a network with this input reads no images."""
    if len(input_shape) != 3 or input_shape[0] not in MODES:
        raise DataError(
            f"{place}: an image has 1, 3 or 4 channels and two axes, the network's input has shape {input_shape}; "
            "give arrays"
        )


def image_shape(path: Path) -> Shape:
    """(channels, rows, columns) of the image in a file, of which no more than the beginning is read.

    Channels are 1 for grey and 3 for all else; rows and columns are those of the upright image. Raises DataError for
    what is no image.
    """
    from PIL import Image

    try:
        with Image.open(path) as opened:
            (columns, rows), grey = opened.size, opened.mode in ("1", "L", "LA", "La")
            turned = opened.getexif().get(ORIENTATION, 1) >= 5
    except Exception as error:  # as in `read_image`
        raise DataError(f"{path}: not a readable image ({reason(error)}); repair or remove it") from None
    return (1 if grey else 3, *((columns, rows) if turned else (rows, columns)))


def read_image(path: Path, input_shape: Shape, resize: Resize | None = None) -> NDArray[np.uint8]:
    """The image in a file, (channels, rows, columns), with the network's channels, upright as its EXIF data say.

    With `resize` it has the network's rows and columns too: "crop" fills them and cuts off what stands over, evenly,
    "pad" fits it in and leaves black margins, "stretch" changes its proportions. Raises DataError for what is no image
    with 8 bits a channel, and for one so large that it may be meant to fill the memory.
    """
    from PIL import Image, ImageOps

    channels, rows, columns = input_shape
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as opened:
                if opened.mode.startswith(("I", "F")):
                    raise DataError(f"{path}: 8 bits a channel are expected, the image has more; give an array")
                image = _resized(ImageOps.exif_transpose(opened).convert(MODES[channels]), (columns, rows), resize)
                pixels = np.asarray(image)
    except DataError:
        raise
    # Pillow answers damage with many kinds of exception, SyntaxError and struct.error among them; all mean the same.
    except Exception as error:
        raise DataError(f"{path}: not a readable image ({reason(error)}); repair or remove it") from None
    return np.moveaxis(pixels.reshape(*pixels.shape[:2], channels), -1, 0)


def _resized(image: Any, size: tuple[int, int], resize: Resize | None) -> Any:
    from PIL import Image, ImageOps

    if resize is None or image.size == size:
        return image
    bilinear = Image.Resampling.BILINEAR
    match resize:
        case "crop":
            return ImageOps.fit(image, size, bilinear)
        case "pad":
            return ImageOps.pad(image, size, bilinear)
        case "stretch":
            return image.resize(size, bilinear)


@dataclass(frozen=True, eq=False)
class ReadImages:
    """Images (N, channels, rows, columns) in bytes, which of the files they come from, and the files left out."""

    inputs: NDArray[np.uint8]
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

    `on_progress` hears of bytes read. Raises DataError, naming the file, and InputError where there is no Pillow; what
    all images need is compared with the machine's memory first.
    """
    require_pillow(place)
    refuse_other_inputs(place, input_shape)
    needed = sum(map(len, paths.values())) * int(np.prod(input_shape))
    if needed > (memory := machine_memory()):
        raise DataError(
            f"{place}: its images take {needed} bytes at the network's size, this machine has {memory} bytes of "
            "memory; use a smaller [input] shape or fewer images"
        )
    total = sum(_size(path) for each in paths.values() for path in each)
    done = 0

    def add(path: Path) -> None:
        nonlocal done
        done += _size(path)
        if on_progress is not None:
            on_progress(place, min(done, total), total)

    return {name: _read(each, input_shape, resize, skip_unreadable, add) for name, each in paths.items()}


def _read(
    paths: Sequence[Path], input_shape: Shape, resize: Resize | None, skip: bool, add: Callable[[Path], None]
) -> ReadImages:
    inputs = np.empty((len(paths), *input_shape), np.uint8)
    kept = np.ones(len(paths), np.bool_)

    def read(index: int) -> DataError | None:
        try:
            image = read_image(paths[index], input_shape, resize)
        except DataError as error:
            return error
        if image.shape != input_shape:
            raise DataError(
                f"{paths[index]}: {_pixels(input_shape)} pixels are expected, received {_pixels(image.shape)}; "
                'set resize = "crop", "pad" or "stretch" in [data], or another [input] shape'
            )
        inputs[index] = image
        return None

    # Pillow lets go of the interpreter while it decodes; results come in order, so the first error is the first file's.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for index, error in enumerate(pool.map(read, range(len(paths)))):
            add(paths[index])
            if error is None:
                continue
            if not skip:
                pool.shutdown(cancel_futures=True)
                raise DataError(f"{error}, or set skip_unreadable = true in [data]")
            kept[index] = False
    skipped = tuple(str(path) for path, is_kept in zip(paths, kept, strict=True) if not is_kept)
    return ReadImages(inputs[kept] if skipped else inputs, kept, skipped)


def _size(path: Path) -> int:
    """Bytes of a file, none where there is no such file, of which reading it tells."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _pixels(shape: Shape) -> str:
    return f"{shape[1]} x {shape[2]}"
