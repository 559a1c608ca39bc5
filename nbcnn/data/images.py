"""Images as Pillow reads them, brought to the channels and the size that a network expects."""

import warnings
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nbcnn.data.dataset import Shape
from nbcnn.data.files import reason
from nbcnn.errors import DataError, InputError

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
