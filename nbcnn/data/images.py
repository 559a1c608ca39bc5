"""Images as Pillow reads them, brought to the channels and the size that a network expects."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nbcnn.data.dataset import Shape
from nbcnn.data.files import open_regular, reason
from nbcnn.errors import DataError, InputError

ORIENTATION = 0x0112
"""The EXIF tag that says how a camera was held; from 5 on rows and columns change places."""

Resize = Literal["crop", "pad", "stretch"]

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Pillow's names of images with 8 bits a channel, by the number of channels."""

MOST_PIXELS = 1 << 26
"""Of an image: the largest of ImageNet has 61 million, and each takes up to four bytes."""

OUTSIDE = ("EPS", "WMF")
"""Formats that Pillow hands to another program or to the system, whatever a file's name says that it is."""

_OPENING = Lock()


class UnreadableImage(DataError):
    """A file with no image of 8 bits a channel, or one so large that it may be meant to fill the memory."""


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

    Channels are 1 for grey and 3 for all else; rows and columns are those of the upright image. Raises UnreadableImage.
    """
    from PIL import Image

    with _opened(path) as image:
        (columns, rows), grey = image.size, image.mode in ("1", "L", "LA", "La")
        # A PNG's own method would decode all pixels, lest something be said behind them.
        turned = Image.Image.getexif(image).get(ORIENTATION, 1) >= 5
    return (1 if grey else 3, *((columns, rows) if turned else (rows, columns)))


def read_image(path: Path, input_shape: Shape, resize: Resize | None = None) -> NDArray[np.uint8]:
    """The image in a file, (channels, rows, columns), with the network's channels, upright as its EXIF data say.

    With `resize` it has the network's rows and columns too: "crop" fills them and cuts off what stands over, evenly,
    "pad" fits it in and leaves black margins, "stretch" changes its proportions. Raises UnreadableImage.
    """
    from PIL import ImageOps

    channels, rows, columns = input_shape
    with _opened(path) as image:
        ImageOps.exif_transpose(image, in_place=True)
        coloured = image if image.mode == MODES[channels] else image.convert(MODES[channels])
        pixels = np.asarray(_resized(coloured, (columns, rows), resize))
    return pixels.reshape(*pixels.shape[:2], channels).transpose(2, 0, 1)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The image in a file, of which the header is read; what goes wrong until the block ends is UnreadableImage."""
    from PIL import Image

    try:
        with open_regular(path) as file:
            file.peek()  # the disk is waited for before the others are held up
            # Which warnings are errors is the process's: two threads that change it at a time would leave it changed.
            with _OPENING, warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                image = Image.open(file, formats=_formats())
            if (pixels := image.width * image.height) > MOST_PIXELS:
                raise UnreadableImage(
                    f"{path}: at most {MOST_PIXELS} pixels are expected, received {pixels}; shrink it"
                )
            if image.mode.startswith(("I", "F")):
                raise UnreadableImage(f"{path}: 8 bits a channel are expected, the image has more; give an array")
            yield image
    except DataError as error:
        raise UnreadableImage(str(error)) from None
    # Pillow answers damage with many kinds of exception, SyntaxError and struct.error among them; all mean the same.
    except Exception as error:
        raise UnreadableImage(f"{path}: not a readable image ({reason(error)}); repair or remove it") from None


@lru_cache(maxsize=1)
def _formats() -> tuple[str, ...]:
    """The formats that are read, those that are seen most first."""
    from PIL import Image

    Image.init()
    return tuple(name for name in Image.ID if name not in OUTSIDE)


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
