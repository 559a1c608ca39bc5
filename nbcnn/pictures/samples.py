"""One sample as something to look at: an image, or lines."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.pictures.png import data_uri

MOST_LINES = 8


def image_of(numbers: NDArray[Any]) -> NDArray[np.uint8]:
    """Pixels (rows, columns, 1 or 3) of a sample (channels, *space) over two or three axes.

    Bytes stay as they are, other numbers are spread from black to white; of other than three channels the mean is
    shown, and of three axes the middle slice.
    """
    if numbers.ndim == 4:
        numbers = numbers[:, numbers.shape[1] // 2]
    if numbers.shape[0] != 3:
        numbers = numbers.mean(axis=0, keepdims=True, dtype=np.float64).astype(numbers.dtype)
    if numbers.dtype != np.uint8:
        least, most = numbers.min(), numbers.max()
        numbers = np.asarray(np.round(255 * (numbers - least) / ((most - least) or 1.0)), np.uint8)
    return np.moveaxis(numbers, 0, -1)


def as_dict(numbers: NDArray[Any]) -> dict[str, Any]:
    """JSON-able: an image as an address that holds it, or for samples over one axis `lines` from 0 to 1, by channel."""
    if numbers.ndim > 2:
        pixels = image_of(numbers)
        return {"image": data_uri(pixels), "height": pixels.shape[0], "width": pixels.shape[1]}
    shown = numbers[:MOST_LINES].astype(np.float64)
    least, most = shown.min(), shown.max()
    lines = np.round((shown - least) / ((most - least) or 1.0), 3)
    return {"lines": lines.tolist(), "width": numbers.shape[1]}
