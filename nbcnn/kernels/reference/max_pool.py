"""Max pooling: the largest value of every window."""

from typing import Any

import numpy as np

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference._windows import output_sizes, rows_read


def max_pool(
    x: Array,
    *,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    ceil_mode: bool,
) -> Array:
    """Return the maximum of every window of x, (N, C, *space) to (N, C, *positions).

    Padding and the overhang of `ceil_mode` are never the maximum: a window that sees nothing else is -inf, as in
    PyTorch. A NaN in a window is its maximum.
    """
    positions = output_sizes(x.shape[2:], kernel_size, stride, padding, dilation, ceil_mode)
    y = np.full((*x.shape[:2], *positions), -np.inf)
    for position in np.ndindex(*positions):
        window = x[:, :, *_elements(position, x.shape[2:], kernel_size, stride, padding, dilation)]
        y[:, :, *position] = window.max(axis=tuple(range(2, x.ndim)), initial=-np.inf)
    return y


def max_pool_gradient(
    dy: Array,
    x: Array,
    y: Array,
    *,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    ceil_mode: bool,
) -> tuple[Array]:
    """Return (dx,): each window passes its gradient to its first maximum in row-major order."""
    dx = np.zeros(x.shape)
    for position in np.ndindex(*dy.shape[2:]):
        elements = _elements(position, x.shape[2:], kernel_size, stride, padding, dilation)
        for sample, channel in np.ndindex(*x.shape[:2]):
            window = x[sample, channel][elements]
            if window.size:
                winner = np.unravel_index(np.argmax(window), window.shape)
                winner_in_x = tuple(axis.ravel()[index] for axis, index in zip(elements, winner, strict=True))
                dx[sample, channel, *winner_in_x] += dy[sample, channel, *position]
    return (dx,)


def _elements(
    position: tuple[int, ...],
    sizes: tuple[int, ...],
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
) -> tuple[Any, ...]:
    """Index the elements of the input that one window covers."""
    axes = zip(position, sizes, kernel_size, stride, padding, dilation, strict=True)
    rows = [rows_read(at, kernel, step, pad[0], gap, 0, size) for at, size, kernel, step, pad, gap in axes]
    return np.ix_(*(np.array(indices, dtype=np.intp) for indices in rows))
