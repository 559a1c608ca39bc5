"""Some of the channels."""

import numpy as np

from nbcnn.kernels.reference import Array


def channel_slice(x: Array, *, start: int, stop: int) -> Array:
    """Return the channels from `start` up to, not with, `stop`; x is (N, C, *space)."""
    return x[:, start:stop]


def channel_slice_gradient(dy: Array, x: Array, y: Array, *, start: int, stop: int) -> tuple[Array]:
    """Return (dx,): dy in the channels that were taken, 0 in the others."""
    dx = np.zeros(x.shape)
    dx[:, start:stop] = dy
    return (dx,)
