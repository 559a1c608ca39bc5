"""Padding over one, two or three axes."""

from typing import Literal

import numpy as np

from nbcnn.kernels.reference import Array

# What PyTorch's modes are called by NumPy.
_MODES: dict[str, Literal["reflect", "edge", "wrap"]] = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad(x: Array, *, padding: tuple[tuple[int, int], ...], mode: str, value: float) -> Array:
    """Return x (N, C, *space) with (before, after) more on each axis.

    These are `value` where the mode is constant; reflect mirrors x about its first and last number, replicate repeats
    those, circular goes on at the other end.
    """
    pairs = ((0, 0), (0, 0), *padding)
    if mode == "constant":
        return np.pad(x, pairs, constant_values=value)
    return np.pad(x, pairs, mode=_MODES[mode])


def pad_gradient(
    dy: Array, x: Array, y: Array, *, padding: tuple[tuple[int, int], ...], mode: str, value: float
) -> tuple[Array]:
    """Return (dx,): every number of x collects from wherever it was copied to."""
    pixels = np.arange(x[0, 0].size).reshape(x.shape[2:])
    if mode == "constant":
        origin = np.pad(pixels, padding, constant_values=-1)
    else:
        origin = np.pad(pixels, padding, mode=_MODES[mode])
    copied = origin >= 0
    dx = np.zeros((pixels.size, *x.shape[:2]))
    np.add.at(dx, origin[copied], np.moveaxis(dy[:, :, copied], -1, 0))
    return (np.moveaxis(dx, 0, -1).reshape(x.shape),)
