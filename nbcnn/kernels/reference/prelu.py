"""The rectifier with learned slopes."""

import numpy as np

from nbcnn.kernels.reference import Array


def prelu(x: Array, weight: Array) -> Array:
    """Return x where it is above 0 and weight * x elsewhere; x is (N, C, *space), weight (1,) or (C,)."""
    return np.where(x > 0.0, x, _by_channel(weight, x) * x)


def prelu_gradient(dy: Array, x: Array, y: Array, weight: Array) -> tuple[Array, Array]:
    """Return (dx, dweight): at 0 the derivative is the weight."""
    slopes = np.where(x > 0.0, 0.0, x) * dy
    by_channel = np.moveaxis(slopes, 1, 0).reshape(x.shape[1], -1).sum(axis=1)
    dweight = by_channel if weight.size > 1 else by_channel.sum(keepdims=True)
    return np.where(x > 0.0, dy, _by_channel(weight, x) * dy), dweight


def _by_channel(weight: Array, x: Array) -> Array:
    return weight.reshape(1, -1, *[1] * (x.ndim - 2))
