"""Dropout of whole channels: each channel of a sample is zeroed with probability p."""

import numpy as np

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference._masks import growth, kept


def channel_dropout(x: Array, *, p: float, seed: int, step: int, salt: int) -> Array:
    """Return x / (1 - p) where the mask keeps a channel, and 0 elsewhere; x is (N, C, *space).

    The mask is that of dropout with the channels for features.
    """
    mask = kept(len(x), x.shape[1], p, seed, step, salt).reshape(*x.shape[:2], *[1] * (x.ndim - 2))
    return np.where(mask, x, 0.0) * growth(p)


def channel_dropout_gradient(
    dy: Array, x: Array, y: Array, *, p: float, seed: int, step: int, salt: int
) -> tuple[Array]:
    """Return (dx,): dy through the same mask."""
    return (channel_dropout(dy, p=p, seed=seed, step=step, salt=salt),)
