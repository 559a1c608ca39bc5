"""The scaled exponential linear unit, which keeps mean 0 and variance 1 (Klambauer et al., NIPS 2017, equation 2)."""

import numpy as np

from nbcnn.kernels.reference import Array

SCALE = 1.0507009873554804934193349852946
ALPHA = 1.6732632423543772848170429916717


def selu(x: Array) -> Array:
    """Return SCALE * x where x is above 0 and SCALE * ALPHA * (exp(x) - 1) elsewhere."""
    return SCALE * np.where(x > 0.0, x, ALPHA * np.expm1(np.minimum(x, 0.0)))


def selu_gradient(dy: Array, x: Array, y: Array) -> tuple[Array]:
    """Return (dx,): the derivative is SCALE above 0 and SCALE * ALPHA * exp(x) elsewhere, at 0 too."""
    return (SCALE * dy * np.where(x <= 0.0, ALPHA * np.exp(np.minimum(x, 0.0)), 1.0),)
