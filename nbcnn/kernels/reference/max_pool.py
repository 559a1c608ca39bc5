"""Max pooling: the largest value of every window."""

import numpy as np

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference._windows import elements, output_sizes


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
        window = x[:, :, *elements(position, x.shape[2:], kernel_size, stride, padding, dilation)]
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
        covered = elements(position, x.shape[2:], kernel_size, stride, padding, dilation)
        for sample, channel in np.ndindex(*x.shape[:2]):
            window = x[sample, channel][covered]
            if window.size:
                winner = np.unravel_index(np.argmax(window), window.shape)
                winner_in_x = tuple(axis.ravel()[index] for axis, index in zip(covered, winner, strict=True))
                dx[sample, channel, *winner_in_x] += dy[sample, channel, *position]
    return (dx,)
