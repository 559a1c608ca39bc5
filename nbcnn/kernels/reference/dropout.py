"""Dropout in training: each element is zeroed with probability p, and the rest grow so that the mean stays."""

from math import prod

import numpy as np

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference._masks import growth, kept


def dropout(x: Array, *, p: float, seed: int, step: int, salt: int) -> Array:
    """Return x / (1 - p) where the mask keeps an element, and 0 elsewhere; x is (N, *features).

    The mask is a function of (seed, step, salt) and of the element's place alone: `step` numbers the updates, `salt`
    tells the dropout layers of one network apart.
    """
    mask = kept(len(x), prod(x.shape[1:]), p, seed, step, salt).reshape(x.shape)
    return np.where(mask, x, 0.0) * growth(p)


def dropout_gradient(dy: Array, x: Array, y: Array, *, p: float, seed: int, step: int, salt: int) -> tuple[Array]:
    """Return (dx,): dy through the same mask."""
    return (dropout(dy, p=p, seed=seed, step=step, salt=salt),)
