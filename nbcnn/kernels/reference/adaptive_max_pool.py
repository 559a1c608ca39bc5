"""Adaptive max pooling: the largest values of as many windows as asked for."""

import numpy as np

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference._adaptive import adaptive_window


def adaptive_max_pool(x: Array, *, output_size: tuple[int, ...]) -> Array:
    """Return the maximum of every window of x, (N, C, *space) to (N, C, *output_size); a NaN is the maximum."""
    y = np.zeros((*x.shape[:2], *output_size))
    for position in np.ndindex(*output_size):
        window = x[:, :, *adaptive_window(position, x.shape[2:], output_size)]
        y[:, :, *position] = window.max(axis=tuple(range(2, x.ndim)))
    return y


def adaptive_max_pool_gradient(dy: Array, x: Array, y: Array, *, output_size: tuple[int, ...]) -> tuple[Array]:
    """Return (dx,): each window passes its gradient to its first maximum in row-major order."""
    dx = np.zeros(x.shape)
    for sample, channel, *position in np.ndindex(*dy.shape):
        covered = adaptive_window(position, x.shape[2:], output_size)
        window = x[sample, channel, *covered]
        winner = np.unravel_index(np.argmax(window), window.shape)
        dx[sample, channel, *covered][winner] += dy[sample, channel, *position]
    return (dx,)
