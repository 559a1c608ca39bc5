"""Samples without labels, as `predict` reads them: arrays in .npy files, and images."""

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.data.dataset import Shape, check_inputs, from_arrays
from nbcnn.data.files import open_regular, reason
from nbcnn.data.images import Resize, read_image, refuse_other_inputs, require_pillow
from nbcnn.errors import DataError


def read_inputs(path: Path, input_shape: Shape, resize: Resize | None = None) -> list[tuple[str, NDArray[Any]]]:
    """The samples in a file, each (channels, *space) in uint8 or float32 under a name for it.

    A .npy file holds one sample, named as the file, or several along its first axis, named file[0], file[1], ...; a
    single channel's axis may be missing, or channels be the last axis. Any other file is an image that Pillow reads,
    brought to as many channels as the network has and, with `resize`, to its size. Raises DataError for what is not
    readable or has other sizes, and InputError where there is no Pillow.
    """
    open_regular(path).close()
    if path.suffix != ".npy":
        refuse_other_inputs(str(path), input_shape)
        require_pillow(str(path))
        array, single = read_image(path, input_shape, resize), True
    else:
        array = _read_array(path)
        single = _is_single(array.shape, input_shape)
        if prod(array.shape[not single :]) != prod(input_shape):  # before all numbers of a large file are looked at
            check_inputs(array[np.newaxis] if single else array, input_shape, str(path))
    samples = array[np.newaxis] if single else array
    dataset = from_arrays(samples, np.zeros(len(samples), np.int64), str(path), input_shape)
    check_inputs(dataset.inputs, input_shape, str(path))
    inputs, _ = dataset.loaded(slice(None))
    return [(str(path) if single else f"{path}[{index}]", sample) for index, sample in enumerate(inputs)]


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
