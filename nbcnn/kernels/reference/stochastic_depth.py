"""Dropout of whole samples: what a branch gives for one is zeroed with probability p."""

import numpy as np

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference._masks import growth, kept


def stochastic_depth(x: Array, *, p: float, seed: int, step: int, salt: int) -> Array:
    """Return x / (1 - p) where the mask keeps a sample, and 0 elsewhere; x is (N, *features).

    The mask is that of dropout with one feature.
    """
    mask = kept(len(x), 1, p, seed, step, salt).reshape(-1, *[1] * (x.ndim - 1))
    return np.where(mask, x, 0.0) * growth(p)


def stochastic_depth_gradient(
    dy: Array, x: Array, y: Array, *, p: float, seed: int, step: int, salt: int
) -> tuple[Array]:
    """Return (dx,): dy through the same mask."""
    return (stochastic_depth(dy, p=p, seed=seed, step=step, salt=salt),)
