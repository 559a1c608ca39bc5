"""Global max pooling: the largest value of every channel."""

import numpy as np

from nbcnn.kernels.reference import Array


def global_max_pool(x: Array) -> Array:
    """Return the maximum of every channel of x, (N, C, *space) to (N, C, 1, ...); a NaN is the maximum."""
    return np.asarray(x.max(axis=tuple(range(2, x.ndim)), keepdims=True))


def global_max_pool_gradient(dy: Array, x: Array, y: Array) -> tuple[Array]:
    """Return (dx,): the gradient goes to the first maximum of each channel in row-major order."""
    pixels = x.reshape(*x.shape[:2], -1)
    dx = np.zeros(pixels.shape)
    np.put_along_axis(dx, pixels.argmax(axis=-1)[..., np.newaxis], dy.reshape(*dy.shape[:2], 1), -1)
    return (dx.reshape(x.shape),)
