"""The exponential linear unit."""

import numpy as np

from nbcnn.kernels.reference import Array


def elu(x: Array, *, alpha: float) -> Array:
    """Return x where it is above 0 and alpha * (exp(x) - 1) elsewhere."""
    return np.where(x > 0.0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def elu_gradient(dy: Array, x: Array, y: Array, *, alpha: float) -> tuple[Array]:
    """Return (dx,): the derivative is 1 above 0 and alpha * exp(x) elsewhere, at 0 too; at a NaN it is 1."""
    return (np.where(x <= 0.0, dy * alpha * np.exp(np.minimum(x, 0.0)), dy),)
