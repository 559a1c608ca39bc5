"""The rectifier that leaks."""

import numpy as np

from nbcnn.kernels.reference import Array


def leaky_relu(x: Array, *, negative_slope: float) -> Array:
    """Return x where it is above 0 and negative_slope * x elsewhere."""
    return np.where(x > 0.0, x, negative_slope * x)


def leaky_relu_gradient(dy: Array, x: Array, y: Array, *, negative_slope: float) -> tuple[Array]:
    """Return (dx,): the derivative is 1 above 0 and negative_slope elsewhere, at 0 too."""
    return (np.where(x > 0.0, dy, negative_slope * dy),)
