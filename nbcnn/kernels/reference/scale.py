"""A factor for each channel."""

import numpy as np

from nbcnn.kernels.reference import Array


def scale(x: Array, weight: Array) -> Array:
    """Return weight (C,) times x (N, C, *space)."""
    return _by_channel(weight, x) * x


def scale_gradient(dy: Array, x: Array, y: Array, weight: Array) -> tuple[Array, Array]:
    """Return (dx, dweight)."""
    dweight = np.moveaxis(x * dy, 1, 0).reshape(x.shape[1], -1).sum(axis=1)
    return _by_channel(weight, x) * dy, dweight


def _by_channel(weight: Array, x: Array) -> Array:
    return weight.reshape(1, -1, *[1] * (x.ndim - 2))
