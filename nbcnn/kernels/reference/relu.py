"""The rectifier, max(x, 0)."""

import numpy as np

from nbcnn.kernels.reference import Array


def relu(x: Array) -> Array:
    """Return max(x, 0) element by element; NaN stays NaN."""
    return np.maximum(x, 0.0)


def relu_gradient(dy: Array, x: Array, y: Array) -> tuple[Array]:
    """Return (dx,): dy where x is above 0, and 0 elsewhere, at 0 itself too; at a NaN it is dy, as in PyTorch."""
    return (np.where(x <= 0.0, 0.0, dy),)
