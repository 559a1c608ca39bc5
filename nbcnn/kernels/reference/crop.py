"""Cropping over one, two or three axes."""

import numpy as np

from nbcnn.kernels.reference import Array


def crop(x: Array, *, crop: tuple[tuple[int, int], ...]) -> Array:
    """Return x (N, C, *space) without the first `before` and the last `after` of each axis."""
    return x[:, :, *_kept(x, crop)]


def crop_gradient(dy: Array, x: Array, y: Array, *, crop: tuple[tuple[int, int], ...]) -> tuple[Array]:
    """Return (dx,): dy where x was kept, 0 where it was left out."""
    dx = np.zeros(x.shape)
    dx[:, :, *_kept(x, crop)] = dy
    return (dx,)


def _kept(x: Array, crop: tuple[tuple[int, int], ...]) -> list[slice]:
    return [slice(before, size - after) for size, (before, after) in zip(x.shape[2:], crop, strict=True)]
