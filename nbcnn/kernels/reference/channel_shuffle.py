"""Channels of several groups dealt out in turn."""

import numpy as np

from nbcnn.kernels.reference import Array


def channel_shuffle(x: Array, *, groups: int) -> Array:
    """Return channel i of group g as channel i * groups + g; x is (N, groups * channels, *space)."""
    grouped = x.reshape(len(x), groups, -1, *x.shape[2:])
    return np.swapaxes(grouped, 1, 2).reshape(x.shape)


def channel_shuffle_gradient(dy: Array, x: Array, y: Array, *, groups: int) -> tuple[Array]:
    """Return (dx,): dy's channels back in their groups."""
    return (channel_shuffle(dy, groups=x.shape[1] // groups),)
