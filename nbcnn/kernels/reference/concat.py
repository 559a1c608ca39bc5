"""Branches side by side along the channels."""

import numpy as np

from nbcnn.kernels.reference import Array


def concat(x: tuple[Array, ...]) -> Array:
    """Return the arrays of x, (N, C, *space), one after the other along C."""
    return np.concatenate(x, axis=1)


def concat_gradient(dy: Array, x: tuple[Array, ...], y: Array) -> tuple[tuple[Array, ...]]:
    """Return (dx,): for every branch the channels of dy that came from it."""
    ends = np.cumsum([each.shape[1] for each in x])
    return (tuple(dy[:, end - each.shape[1] : end] for each, end in zip(x, ends, strict=True)),)
