"""Average pooling: the mean of every window."""

from math import prod
from typing import Any

import numpy as np

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference._windows import output_sizes, rows_read


def avg_pool(
    x: Array,
    *,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    ceil_mode: bool,
    count_include_pad: bool,
) -> Array:
    """Return the mean of every window of x, (N, C, *space) to (N, C, *positions).

    The divisor counts the zeros of the padding where `count_include_pad`, and never the overhang of `ceil_mode`.
    """
    no_dilation = (1,) * len(kernel_size)
    positions = output_sizes(x.shape[2:], kernel_size, stride, padding, no_dilation, ceil_mode)
    y = np.zeros((*x.shape[:2], *positions))
    for position in np.ndindex(*positions):
        elements, divisor = _window(position, x.shape[2:], kernel_size, stride, padding, count_include_pad)
        y[:, :, *position] = x[:, :, *elements].sum(axis=tuple(range(2, x.ndim))) / divisor
    return y


def avg_pool_gradient(
    dy: Array,
    x: Array,
    y: Array,
    *,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    ceil_mode: bool,
    count_include_pad: bool,
) -> tuple[Array]:
    """Return (dx,): each window spreads its gradient evenly over its elements."""
    dx = np.zeros(x.shape)
    for position in np.ndindex(*dy.shape[2:]):
        elements, divisor = _window(position, x.shape[2:], kernel_size, stride, padding, count_include_pad)
        share = dy[:, :, *position] / divisor
        dx[:, :, *elements] += share.reshape(*share.shape, *[1] * len(elements))
    return (dx,)


def _window(
    position: tuple[int, ...],
    sizes: tuple[int, ...],
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    count_include_pad: bool,
) -> tuple[tuple[Any, ...], int]:
    """Index the elements of the input that one window covers, and count what its sum is divided by."""
    rows, counted = [], []
    for at, size, kernel, step, (before, after) in zip(position, sizes, kernel_size, stride, padding, strict=True):
        rows.append(rows_read(at, kernel, step, before, 1, 0, size))
        counted.append(len(rows_read(at, kernel, step, before, 1, -before, size + after)))
    elements = np.ix_(*rows)
    return elements, prod(counted) if count_include_pad else prod(axis.size for axis in elements)
