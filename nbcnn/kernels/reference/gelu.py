"""The Gaussian error linear unit (Hendrycks, Gimpel, arXiv:1606.08415, section 2)."""

import math

import numpy as np

from nbcnn.kernels.reference import Array

SLOPE = math.sqrt(2.0 / math.pi)
CUBIC = 0.044715

_erf = np.vectorize(math.erf, otypes=[np.float64])


def gelu(x: Array, *, approximate: str) -> Array:
    """Return x times the standard normal distribution function, or times its "tanh" approximation."""
    if approximate == "tanh":
        return x * (1.0 + np.tanh(SLOPE * (x + CUBIC * x**3))) / 2.0
    return x * _share_below(x)


def gelu_gradient(dy: Array, x: Array, y: Array, *, approximate: str) -> tuple[Array]:
    """Return (dx,): the product rule on the function above."""
    if approximate == "tanh":
        inner = SLOPE * (x + CUBIC * x**3)
        steepness = SLOPE * (1.0 + 3.0 * CUBIC * x**2)
        # 1 / cosh**2 is 1 - tanh**2 without the digits lost where tanh is near 1.
        bell = np.cosh(np.clip(inner, -300.0, 300.0)) ** -2.0
        return (dy * ((1.0 + np.tanh(inner)) + x * bell * steepness) / 2.0,)
    density = np.exp(-0.5 * x**2) / math.sqrt(2.0 * math.pi)
    return (dy * (_share_below(x) + x * density),)


def _share_below(x: Array) -> Array:
    return np.asarray(0.5 * (1.0 + _erf(x / math.sqrt(2.0))))
