"""How real numbers become whole ones: the affine scheme of Jacob et al., arXiv:1712.05877, section 2.1."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Activations are unsigned, weights signed and symmetric.
MOST = 255
_MOST_OF_WEIGHTS = 127
# What sums of products and biases may reach each, so that a 32-bit integer holds both.
_ROOM = 2.0**30
# A range of nothing at all, as a dead layer has, still needs steps that can be divided by.
_LEAST_STEP = 1e-20


@dataclass(frozen=True)
class Scale:
    """The real number x is the byte round(x / step) + zero; what lies outside of 0 to 255 is taken for the nearest."""

    step: float
    zero: int

    @classmethod
    def of(cls, least: float, most: float) -> "Scale":
        """The finest scale from `least` to `most` on which the number 0 is a byte, so that padding is exact."""
        least, most = min(least, 0.0), max(most, 0.0)
        step = max(float(np.float32((most - least) / MOST)), _LEAST_STEP)
        return cls(step, round(-least / step))


@dataclass(frozen=True)
class Weights:
    """Weights (O, ...) from -127 to 127, a bias (O,) in units of their products with an input, and those units (O,)."""

    weight: NDArray[np.int8]
    bias: NDArray[np.int32]
    step: NDArray[np.float64]


def quantise_weights(weight: np.ndarray, bias: np.ndarray | None, input_step: float) -> Weights:
    """Weights with a step of their own for every output; none is so small that a sum could leave 32 bits."""
    flat = np.abs(weight.reshape(len(weight), -1).astype(np.float64))
    start = np.zeros(len(weight)) if bias is None else bias.astype(np.float64)
    steps = [
        flat.max(axis=1) / _MOST_OF_WEIGHTS,
        flat.sum(axis=1) * MOST / _ROOM,
        np.abs(start) / (input_step * _ROOM),
    ]
    step = np.maximum(np.max(steps, axis=0), _LEAST_STEP)
    whole = np.rint(weight / step.reshape(-1, *[1] * (weight.ndim - 1)))
    product = step * input_step
    return Weights(whole.astype(np.int8), np.rint(start / product).astype(np.int32), product)
