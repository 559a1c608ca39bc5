"""Sigmoid cross-entropy: every output is a question of its own, answered yes (1) or no (0)."""

import numpy as np

from nbcnn.kernels.reference import Array


def binary_cross_entropy_with_logits(logits: Array, target: Array, *, pos_weight: float) -> Array:
    """Return the mean of -pos_weight t log s(x) - (1 - t) log(1 - s(x)), s the sigmoid; both arrays have one shape.

    log(1 - s(x)) = -x + log s(x) and log s(x) = min(x, 0) - log(1 + e**-|x|) keep every size of x exact.
    """
    log_yes = np.minimum(logits, 0.0) - np.log1p(np.exp(-np.abs(logits)))
    losses = -pos_weight * target * log_yes - (1.0 - target) * (log_yes - logits)
    return np.asarray(losses.mean())


def binary_cross_entropy_with_logits_gradient(
    dy: Array, logits: Array, y: Array, target: Array, *, pos_weight: float
) -> tuple[Array]:
    """Return (dlogits,): (1 - t) s(x) - pos_weight t (1 - s(x)) over the count of numbers."""
    with np.errstate(over="ignore"):
        yes = 1.0 / (1.0 + np.exp(-logits))
    return (dy * ((1.0 - target) * yes - pos_weight * target * (1.0 - yes)) / logits.size,)
