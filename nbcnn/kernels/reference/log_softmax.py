"""The logarithm of the shares that softmax gives."""

import numpy as np

from nbcnn.kernels.reference import Array


def log_softmax(x: Array) -> Array:
    """Return x less log(sum(exp(x))), the sum over axis 1, the channels."""
    shifted = x - x.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def log_softmax_gradient(dy: Array, x: Array, y: Array) -> tuple[Array]:
    """Return (dx,): dy - exp(y) * sum(dy), the sum over the channels."""
    return (dy - np.exp(y) * dy.sum(axis=1, keepdims=True),)
