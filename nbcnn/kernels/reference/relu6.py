"""The rectifier that saturates."""

import numpy as np

from nbcnn.kernels.reference import Array


def relu6(x: Array) -> Array:
    """Return x, but not below 0 and not above 6; NaN stays NaN."""
    return np.clip(x, 0.0, 6.0)


def relu6_gradient(dy: Array, x: Array, y: Array) -> tuple[Array]:
    """Return (dx,): dy between 0 and 6, and 0 elsewhere, at both ends too; at a NaN it is dy, as in PyTorch."""
    return (np.where((x <= 0.0) | (x >= 6.0), 0.0, dy),)
