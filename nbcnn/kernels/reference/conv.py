"""Convolution over one, two or three axes: cross-correlation, as layers mean it, or with `flip` true convolution."""

from typing import Any

import numpy as np

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference._windows import channels_of_groups, output_sizes, window_slices
from nbcnn.kernels.reference.pad import pad, pad_gradient


def conv(
    x: Array,
    weight: Array,
    bias: Array | None,
    *,
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    padding_mode: str,
    dilation: tuple[int, ...],
    groups: int,
    flip: bool,
) -> Array:
    """Slide the kernels over the padded input and sum the products at every position.

    x is (N, C, *space), weight (O, C / groups, *kernel), bias (O,) or None; returns (N, O, *positions). Output
    channel o belongs to group o // (O / groups) and reads the input channels of that group alone. `padding_mode` is
    zeros, or how `pad` fills the padding with numbers of x.
    """
    kernel_size = weight.shape[2:]
    spatial_axes = tuple(range(2, weight.ndim))
    kernel = np.flip(weight, spatial_axes) if flip else weight
    padded = pad(x, **_border(padding, padding_mode))
    positions = output_sizes(x.shape[2:], kernel_size, stride, padding, dilation, False)
    y = np.zeros((x.shape[0], weight.shape[0], *positions))
    for position in np.ndindex(*positions):
        window = padded[:, :, *window_slices(position, kernel_size, stride, dilation)]
        for inputs, outputs in channels_of_groups(x.shape[1], weight.shape[0], groups):
            over = tuple(range(1, weight.ndim))
            y[:, outputs, *position] = np.tensordot(window[:, inputs], kernel[outputs], (over, over))
    return y if bias is None else y + bias.reshape(-1, *[1] * len(positions))


def conv_gradient(
    dy: Array,
    x: Array,
    y: Array,
    weight: Array,
    bias: Array | None,
    *,
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    padding_mode: str,
    dilation: tuple[int, ...],
    groups: int,
    flip: bool,
) -> tuple[Array, Array, Array | None]:
    """Return (dx, dweight, dbias); dbias is None where bias is None.

    A weight is shared by all positions, so its gradient is the sum over positions and samples.
    """
    kernel_size = weight.shape[2:]
    spatial_axes = tuple(range(2, weight.ndim))
    kernel = np.flip(weight, spatial_axes) if flip else weight
    padded = pad(x, **_border(padding, padding_mode))
    dpadded = np.zeros(padded.shape)
    dkernel = np.zeros(weight.shape)
    for position in np.ndindex(*dy.shape[2:]):
        here = window_slices(position, kernel_size, stride, dilation)
        window, dwindow = padded[:, :, *here], dpadded[:, :, *here]
        for inputs, outputs in channels_of_groups(x.shape[1], weight.shape[0], groups):
            upstream = dy[:, outputs, *position]
            dkernel[outputs] += np.tensordot(upstream, window[:, inputs], (0, 0))
            dwindow[:, inputs] += np.tensordot(upstream, kernel[outputs], (1, 0))
    (dx,) = pad_gradient(dpadded, x, padded, **_border(padding, padding_mode))
    dweight = np.flip(dkernel, spatial_axes) if flip else dkernel
    dbias = None if bias is None else dy.sum(axis=(0, *spatial_axes))
    return dx, dweight, dbias


def _border(padding: tuple[tuple[int, int], ...], padding_mode: str) -> dict[str, Any]:
    return {"padding": padding, "mode": "constant" if padding_mode == "zeros" else padding_mode, "value": 0.0}
