"""Dropout in training: each element is zeroed with probability p, and the rest grow so that the mean stays."""

from math import floor, prod

import numpy as np
from numpy.typing import NDArray

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference._philox import philox4x32


def dropout(x: Array, *, p: float, seed: int, step: int, salt: int) -> Array:
    """Return x / (1 - p) where the mask keeps an element, and 0 elsewhere; x is (N, *features).

    The mask is a function of (seed, step, salt) and of the element's place alone: `step` numbers the updates, `salt`
    tells the dropout layers of one network apart.
    """
    return np.where(_kept(x.shape, p, seed, step, salt), x, 0.0) * _growth(p)


def dropout_gradient(dy: Array, x: Array, y: Array, *, p: float, seed: int, step: int, salt: int) -> tuple[Array]:
    """Return (dx,): dy through the same mask."""
    return (dropout(dy, p=p, seed=seed, step=step, salt=salt),)


def _growth(p: float) -> float:
    return 1.0 / (1.0 - p) if p < 1.0 else 0.0


def _kept(shape: tuple[int, ...], p: float, seed: int, step: int, salt: int) -> NDArray[np.bool_]:
    """Feature f of sample n is kept where word f % 4 of the counter (f // 4, n, step, salt) is not below p * 2**32."""
    samples, features = shape[0], prod(shape[1:])
    blocks = np.arange(-(-features // 4))
    words = philox4x32((blocks, np.arange(samples)[:, np.newaxis], step, salt), (seed % 2**32, seed >> 32))
    kept = words.reshape(samples, -1)[:, :features] >= floor(p * 2**32)
    return kept.reshape(shape)
