"""Transposed convolution over one, two or three axes: the adjoint of a convolution in the place of the convolution."""

import numpy as np

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference._windows import channels_of_groups, window_slices


def conv_transpose(
    x: Array,
    weight: Array,
    bias: Array | None,
    *,
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    output_padding: tuple[int, ...],
    dilation: tuple[int, ...],
    groups: int,
) -> Array:
    """Add, for every position of the input, its number times the kernel to the output, `stride` apart.

    x is (N, C, *space), weight (C, O / groups, *kernel), bias (O,) or None. What falls into the padding is dropped, and
    `output_padding` makes the end of an axis longer: (n - 1) * stride - before - after + dilation * (kernel - 1) +
    output_padding + 1 for n inputs.
    """
    outputs = weight.shape[1] * groups
    y = np.zeros((x.shape[0], outputs, *_padded_sizes(x, weight, stride, padding, output_padding, dilation)))
    for position in np.ndindex(*x.shape[2:]):
        window = y[:, :, *window_slices(position, weight.shape[2:], stride, dilation)]
        for into, out_of in channels_of_groups(x.shape[1], outputs, groups):
            window[:, out_of] += np.tensordot(x[:, into, *position], weight[into], (1, 0))
    y = y[:, :, *_inside(y, padding)]
    return y if bias is None else y + bias.reshape(-1, *[1] * (x.ndim - 2))


def conv_transpose_gradient(
    dy: Array,
    x: Array,
    y: Array,
    weight: Array,
    bias: Array | None,
    *,
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    output_padding: tuple[int, ...],
    dilation: tuple[int, ...],
    groups: int,
) -> tuple[Array, Array, Array | None]:
    """Return (dx, dweight, dbias); dbias is None where bias is None."""
    sizes = _padded_sizes(x, weight, stride, padding, output_padding, dilation)
    padded = np.zeros((*dy.shape[:2], *sizes))
    padded[:, :, *_inside(padded, padding)] = dy
    dx, dweight = np.zeros(x.shape), np.zeros(weight.shape)
    for position in np.ndindex(*x.shape[2:]):
        window = padded[:, :, *window_slices(position, weight.shape[2:], stride, dilation)]
        for into, out_of in channels_of_groups(x.shape[1], dy.shape[1], groups):
            upstream = window[:, out_of]
            over = tuple(range(1, weight.ndim))
            dx[:, into, *position] = np.tensordot(upstream, weight[into], (over, over))
            dweight[into] += np.tensordot(x[:, into, *position], upstream, (0, 0))
    dbias = None if bias is None else dy.sum(axis=(0, *range(2, dy.ndim)))
    return dx, dweight, dbias


def _padded_sizes(
    x: Array,
    weight: Array,
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    output_padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[int, ...]:
    """Return the output's sizes with the padding that is dropped at the end.

    What `output_padding` adds may lie beyond all windows, or reach into the padding after them.
    """
    axes = zip(x.shape[2:], weight.shape[2:], stride, output_padding, dilation, strict=True)
    return tuple((size - 1) * step + gap * (kernel - 1) + 1 + more for size, kernel, step, more, gap in axes)


def _inside(padded: Array, padding: tuple[tuple[int, int], ...]) -> list[slice]:
    return [slice(before, size - after) for size, (before, after) in zip(padded.shape[2:], padding, strict=True)]
