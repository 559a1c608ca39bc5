"""Lp pooling: the p-norm of every window."""

import numpy as np

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference._windows import elements, output_sizes


def lp_pool(
    x: Array,
    *,
    norm_type: float,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    ceil_mode: bool,
) -> Array:
    """Return (sum |x|**p) ** (1/p) of every window of x, (N, C, *space) to (N, C, *positions); p is `norm_type`.

    Padding and the overhang of `ceil_mode` count as zeros.
    """
    no_dilation = (1,) * len(kernel_size)
    positions = output_sizes(x.shape[2:], kernel_size, stride, padding, no_dilation, ceil_mode)
    y = np.zeros((*x.shape[:2], *positions))
    for position in np.ndindex(*positions):
        window = np.abs(x[:, :, *elements(position, x.shape[2:], kernel_size, stride, padding, no_dilation)])
        y[:, :, *position] = (window**norm_type).sum(axis=tuple(range(2, x.ndim))) ** (1.0 / norm_type)
    return y


def lp_pool_gradient(
    dy: Array,
    x: Array,
    y: Array,
    *,
    norm_type: float,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    ceil_mode: bool,
) -> tuple[Array]:
    """Return (dx,): every window gives dy sign(x) (|x| / y)**(p - 1), and 0 to zeros, where |x|**p may have a kink."""
    dx = np.zeros(x.shape)
    no_dilation = (1,) * len(kernel_size)
    for position in np.ndindex(*dy.shape[2:]):
        covered = elements(position, x.shape[2:], kernel_size, stride, padding, no_dilation)
        window = x[:, :, *covered]
        norm = np.broadcast_to(_per_window(y[:, :, *position], window), window.shape)
        share = np.zeros(window.shape)
        open_ = window != 0.0
        share[open_] = np.sign(window[open_]) * (np.abs(window[open_]) / norm[open_]) ** (norm_type - 1.0)
        dx[:, :, *covered] += share * _per_window(dy[:, :, *position], window)
    return (dx,)


def _per_window(values: Array, window: Array) -> Array:
    return values.reshape(*values.shape, *[1] * (window.ndim - 2))
