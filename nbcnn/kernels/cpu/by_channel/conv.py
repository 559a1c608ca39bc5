"""Convolution over one, two or three axes with channels as lanes: of all channels, or of each by itself."""

from collections.abc import Sequence

import numpy as np

from nbcnn.kernels.cpu.by_channel.layout import Blocked, Unsupported, blocked
from nbcnn.kernels.cpu.by_channel.products import add_depthwise, add_product, reading, reading_of_rows
from nbcnn.kernels.cpu.by_channel.regroup import into_lanes
from nbcnn.kernels.cpu.by_channel.winograd import add_winograd, suits_winograd
from nbcnn.kernels.cpu.families.windows import Window, forward_strands, halo_of
from nbcnn.kernels.cpu.program.program import Program


def conv(
    program: Program,
    x: Blocked,
    weight: np.ndarray,
    bias: np.ndarray | None,
    *,
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    padding_mode: str,
    dilation: Sequence[int],
    groups: int,
    flip: bool,
) -> Blocked:
    """Cross-correlate x with weight (O, I/groups, *kernel), or convolve where `flip`, and add bias."""
    outputs, channels = weight.shape[:2]
    is_depthwise = groups == outputs == x.channels > 1
    if x.flat or padding_mode != "zeros" or not (groups == 1 or is_depthwise):
        raise Unsupported
    if is_depthwise:
        x = into_lanes(program, x)
    if flip:
        weight = np.flip(weight, axis=tuple(range(2, weight.ndim)))
    window = Window.of(weight.shape[2:], stride, padding, dilation)
    y = blocked(program, "conv", outputs, window.outputs(x.activation.space, padding))
    if not is_depthwise and suits_winograd(program, window, x, weight, y.activation.space):
        add_winograd(program, window, x, weight, bias, y)
        return y
    strands = forward_strands(window, y.activation.space, flip=False)
    x.activation.widen(halo_of(strands, x.activation.space))
    by_tap = weight.reshape(outputs, channels, -1)
    if is_depthwise:
        add_depthwise(program, strands, by_tap[:, 0], bias, x, y)
    elif x.plane is None:
        add_product(program, x, reading(x, strands), by_tap, bias, y)
    else:
        by_row = weight.reshape(outputs, -1, window.kernel[2]).transpose(0, 2, 1)
        add_product(program, x, reading_of_rows(x, window, y.activation.space), by_row, bias, y)
    return y
