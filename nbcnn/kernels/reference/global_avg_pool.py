"""Global average pooling: the mean of every channel."""

import numpy as np

from nbcnn.kernels.reference import Array


def global_avg_pool(x: Array) -> Array:
    """Return the mean of every channel of x, (N, C, *space) to (N, C, 1, ...)."""
    return np.asarray(x.mean(axis=tuple(range(2, x.ndim)), keepdims=True))


def global_avg_pool_gradient(dy: Array, x: Array, y: Array) -> tuple[Array]:
    """Return (dx,): the gradient is spread evenly over each channel."""
    return (np.broadcast_to(dy / np.prod(x.shape[2:]), x.shape).copy(),)
