"""Samples without labels, as `predict` reads them: arrays in .npy files, and images."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.data.dataset import Shape, check_inputs, from_arrays
from nbcnn.data.files import open_regular, reason
from nbcnn.errors import DataError, InputError

# Pillow's names of images with 8 bits a channel, by the number of channels.
MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def read_inputs(path: Path, input_shape: Shape) -> list[tuple[str, NDArray[Any]]]:
    """The samples in a file, each (channels, *space) in uint8 or float32 under a name for it.

    A .npy file holds one sample, named as the file, or several along its first axis, named file[0], file[1], ...; a
    single channel's axis may be missing, or channels be the last axis. Any other file is an image that Pillow reads,
    brought to as many channels as the network has. Raises DataError for what is not readable or has other sizes, and
    InputError where there is no Pillow.
    """
    open_regular(path).close()
    if path.suffix != ".npy":
        array, single = _read_image(path, input_shape), True
    else:
        array = _read_array(path)
        single = _is_single(array.shape, input_shape)
    samples = array[np.newaxis] if single else array
    dataset = from_arrays(samples, np.zeros(len(samples), np.int64), str(path), input_shape)
    check_inputs(dataset.inputs, input_shape, str(path))
    return [(str(path) if single else f"{path}[{index}]", sample) for index, sample in enumerate(dataset.inputs)]


def _is_single(shape: Shape, input_shape: Shape) -> bool:
    """Whether an array of this shape is one sample, of the right size or not, rather than several."""
    if input_shape[0] == 1 and len(shape) == len(input_shape) and shape[0] != 1:
        return shape[1:] != input_shape[1:]
    return len(shape) == len(input_shape) or (input_shape[0] == 1 and len(shape) == len(input_shape) - 1)


def _read_array(path: Path) -> NDArray[Any]:
    try:
        # A map refuses a header that declares more than the file holds, before any memory is asked for; no pickles.
        array = np.lib.format.open_memmap(path, mode="r")
    # NumPy's header parser answers damage with several kinds of exception; all mean the same.
    except Exception as error:
        raise DataError(f"{path}: not a readable .npy file ({reason(error)}); write it by numpy.save") from None
    if array.ndim == 0:
        raise DataError(f"{path}: an array of at least one axis is expected, received a single number")
    return np.asarray(array)


def _read_image(path: Path, input_shape: Shape) -> NDArray[np.uint8]:
    """Shape (channels, rows, columns)."""
    if len(input_shape) != 3 or input_shape[0] not in MODES:
        raise DataError(
            f"{path}: an image has 1, 3 or 4 channels and two axes, the network's input has shape {input_shape}; "
            "give a .npy file"
        )
    try:
        from PIL import Image
    except ImportError:
        raise InputError(
            f"{path}: Pillow reads images and is not installed; pip install 'nbcnn[image]', or give a .npy file"
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if image.mode.startswith(("I", "F")):
                    raise DataError(f"{path}: 8 bits a channel are expected, the image has more; give a .npy file")
                pixels = np.asarray(image.convert(MODES[input_shape[0]]))
    except DataError:
        raise
    # Pillow answers damage with many kinds of exception, SyntaxError and struct.error among them; all mean the same.
    except Exception as error:
        raise DataError(f"{path}: not a readable image ({reason(error)}); give a .png or .npy file") from None
    return np.moveaxis(pixels.reshape(*pixels.shape[:2], input_shape[0]), -1, 0)
