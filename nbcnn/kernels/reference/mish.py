"""Mish."""

import numpy as np

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference.sigmoid import sigmoid


def mish(x: Array) -> Array:
    """Return x * tanh(log(1 + exp(x))) element by element."""
    return x * np.tanh(np.logaddexp(0.0, x))


def mish_gradient(dy: Array, x: Array, y: Array) -> tuple[Array]:
    """Return (dx,): with t that tanh and s the logistic function the derivative is t + x * (1 - t**2) * s."""
    smooth = np.logaddexp(0.0, x)
    # 1 / cosh**2 is 1 - tanh**2 without the digits lost where tanh is near 1.
    return (dy * (np.tanh(smooth) + x * sigmoid(x) / np.cosh(np.minimum(smooth, 300.0)) ** 2),)
