"""The logistic function, 1 / (1 + exp(-x))."""

import numpy as np

from nbcnn.kernels.reference import Array


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)) element by element, written so that no exponential overflows."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0.0, 1.0, small) / (1.0 + small)


def sigmoid_gradient(dy: Array, x: Array, y: Array) -> tuple[Array]:
    """Return (dx,): the derivative is y * (1 - y), at most 1/4."""
    return (dy * y * (1.0 - y),)
