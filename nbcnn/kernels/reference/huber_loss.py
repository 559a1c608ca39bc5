"""Huber's loss: squared where the error is small, absolute beyond (Annals of Mathematical Statistics 35, 1964)."""

import numpy as np

from nbcnn.kernels.reference import Array


def huber_loss(x: Array, target: Array, *, delta: float) -> Array:
    """Return the mean of e**2 / 2 where e = |x - target| is at most delta, of delta (e - delta / 2) elsewhere."""
    error = np.abs(x - target)
    return np.asarray(np.where(error > delta, delta * (error - 0.5 * delta), 0.5 * error**2).mean())


def huber_loss_gradient(dy: Array, x: Array, y: Array, target: Array, *, delta: float) -> tuple[Array]:
    """Return (dx,): x - target, at most delta in size, over the count of numbers."""
    return (dy * np.clip(x - target, -delta, delta) / x.size,)
