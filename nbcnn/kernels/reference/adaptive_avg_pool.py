"""Adaptive average pooling: the means of as many windows as asked for."""

import numpy as np

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference._adaptive import adaptive_window


def adaptive_avg_pool(x: Array, *, output_size: tuple[int, ...]) -> Array:
    """Return the mean of every window of x, (N, C, *space) to (N, C, *output_size)."""
    y = np.zeros((*x.shape[:2], *output_size))
    for position in np.ndindex(*output_size):
        window = x[:, :, *adaptive_window(position, x.shape[2:], output_size)]
        y[:, :, *position] = window.mean(axis=tuple(range(2, x.ndim)))
    return y


def adaptive_avg_pool_gradient(dy: Array, x: Array, y: Array, *, output_size: tuple[int, ...]) -> tuple[Array]:
    """Return (dx,): each window spreads its gradient evenly over its elements."""
    dx = np.zeros(x.shape)
    for position in np.ndindex(*output_size):
        window = dx[:, :, *adaptive_window(position, x.shape[2:], output_size)]
        share = dy[:, :, *position] / np.prod(window.shape[2:])
        window += share.reshape(*share.shape, *[1] * (x.ndim - 2))
    return (dx,)
