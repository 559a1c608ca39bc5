"""Upsampling over one, two or three axes: the nearest pixel, or linear interpolation along one axis after the other."""

import numpy as np

from nbcnn.kernels.reference import Array


def upsample(x: Array, *, size: tuple[int, ...], mode: str, align_corners: bool) -> Array:
    """Return x (N, C, *space) at the spatial sizes `size`, as (N, C, *size).

    Output p of n lies over input p * m / n of m, rounded down where `mode` is nearest. Where it is bilinear, which
    stands for linear along every axis, pixels are areas and it lies at (p + 0.5) * m / n - 0.5, never below 0; with
    `align_corners` they are points and it lies at p * (m - 1) / (n - 1).
    """
    y = x
    for axis, target in enumerate(size, start=2):
        y = _along(y, _matrix(x.shape[axis], target, mode, align_corners), axis)
    return y


def upsample_gradient(
    dy: Array, x: Array, y: Array, *, size: tuple[int, ...], mode: str, align_corners: bool
) -> tuple[Array]:
    """Return (dx,): the transposed map of every axis."""
    dx = dy
    for axis, target in enumerate(size, start=2):
        dx = _along(dx, _matrix(x.shape[axis], target, mode, align_corners).T, axis)
    return (dx,)


def _along(x: Array, matrix: Array, axis: int) -> Array:
    return np.moveaxis(np.tensordot(x, matrix, (axis, 1)), -1, axis)


def _matrix(source: int, target: int, mode: str, align_corners: bool) -> Array:
    """Return the weight of every input, (target, source), in every output along one axis."""
    matrix = np.zeros((target, source))
    for output in range(target):
        if mode == "nearest":
            matrix[output, output * source // target] = 1.0
            continue
        if align_corners:
            place = output * (source - 1) / (target - 1) if target > 1 else 0.0
        else:
            place = max((output + 0.5) * source / target - 0.5, 0.0)
        lower = int(place)
        upper = min(lower + 1, source - 1)
        matrix[output, lower] += 1.0 - (place - lower)
        matrix[output, upper] += place - lower
    return matrix
