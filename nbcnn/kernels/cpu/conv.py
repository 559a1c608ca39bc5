"""Convolution over one, two or three axes."""

from collections.abc import Sequence

from nbcnn.kernels.cpu.families.copying import with_halo
from nbcnn.kernels.cpu.families.sums import PartialSums, add_channel_sum
from nbcnn.kernels.cpu.families.windows import Window, adjoint_strands, forward_strands, halo_of
from nbcnn.kernels.cpu.pad import pad, pad_gradient
from nbcnn.kernels.cpu.products.batch_correlation import add_weight_gradient
from nbcnn.kernels.cpu.products.depthwise import add_depthwise, add_depthwise_adjoint, add_depthwise_correlation
from nbcnn.kernels.cpu.products.packing import Packing
from nbcnn.kernels.cpu.products.products import add_convolution
from nbcnn.kernels.cpu.products.winograd import add_winograd
from nbcnn.kernels.cpu.products.winograd_cost import suits_winograd
from nbcnn.kernels.cpu.products.winograd_gradient import add_winograd_gradient, suits_winograd_gradient
from nbcnn.kernels.cpu.products.winograd_rows import add_rows, suits_rows
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

_NO_PADDING = ((0, 0),) * 3


def conv(
    program: Program,
    x: Activation,
    weight: Array,
    bias: Array | None,
    *,
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    padding_mode: str,
    dilation: Sequence[int],
    groups: int,
    flip: bool,
) -> Activation:
    """Cross-correlate x with weight (O, I/groups, *kernel), or convolve where `flip`, and add bias.

    Zeros around x cost nothing but their halo; any other padding is a copy of x with it.
    """
    if padding_mode != "zeros":
        x = pad(program, x, padding=padding, mode=padding_mode, value=0.0)
        padding = _NO_PADDING
    window = Window.of(weight.shape[2:], stride, padding, dilation)
    y = program.activation("conv", weight.shape[0], window.outputs(x.space, padding))
    if groups == x.channels > 1:
        add_depthwise(program, window, flip, weight, bias, x, y)
        return y
    outputs, channels = weight.shape[0] // groups, weight.shape[1]
    taps = window.tap_count
    packing = Packing(groups, outputs, channels, taps, outputs * channels * taps, channels * taps, taps)
    if suits_winograd(program, window, packing, x.space, y.space):
        add_winograd(program, weight, bias, packing, flip, window.before, x, y)
        return y
    if suits_rows(program, window, channels, outputs, groups, y.space):
        add_rows(program, window, flip, weight, bias, packing, x, y)
        return y
    strands = forward_strands(window, y.space, flip)
    x = with_halo(program, x, halo_of(strands, x.space))
    add_convolution(program, strands, taps, weight, bias, packing, x, y)
    return y


def conv_gradient(
    program: Program,
    dy: Activation,
    x: Activation,
    y: Activation,
    weight: Array,
    bias: Array | None,
    *,
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    padding_mode: str,
    dilation: Sequence[int],
    groups: int,
    flip: bool,
) -> tuple[Activation | None, Array | None, PartialSums | None]:
    """Gradients with respect to x, weight and bias, each where it is wanted."""
    if padding_mode != "zeros":
        padded = pad(program, x, padding=padding, mode=padding_mode, value=0.0)
        dpadded, dweight, dbias = conv_gradient(
            program, dy, padded, y, weight, bias,
            stride=stride, padding=_NO_PADDING, padding_mode="zeros", dilation=dilation, groups=groups, flip=flip,
        )  # fmt: skip
        if dpadded is None:
            return None, dweight, dbias
        (dx,) = pad_gradient(program, dpadded, x, padded, padding=padding, mode=padding_mode, value=0.0)
        return dx, dweight, dbias
    window = Window.of(weight.shape[2:], stride, padding, dilation)
    is_depthwise = groups == x.channels > 1
    outputs, channels = weight.shape[0] // groups, weight.shape[1]
    taps = window.tap_count
    packing = Packing(groups, channels, outputs, taps, outputs * channels * taps, taps, channels * taps)
    dx = None
    if x.wants_gradient:
        dx = program.activation("conv gradient", x.channels, x.space)
    if dx is not None and is_depthwise:
        add_depthwise_adjoint(program, window, flip, weight, None, dy, dx)
    elif dx is not None:
        if suits_winograd(program, window.adjoint, packing, dy.space, dx.space):
            add_winograd(program, weight, None, packing, not flip, window.adjoint.before, dy, dx)
        elif suits_rows(program, window, outputs, channels, groups, dx.space):
            add_rows(program, window.adjoint, not flip, weight, None, packing, dy, dx)
        else:
            strands = adjoint_strands(window, x.space, flip)
            dy = with_halo(program, dy, halo_of(strands, dy.space))
            add_convolution(program, strands, taps, weight, None, packing, dy, dx)
    if not weight.wants_gradient:
        return dx, None, None
    dbias = None if bias is None else add_channel_sum(program, dy, bias.storage.name)
    if is_depthwise:
        return dx, add_depthwise_correlation(program, window, flip, x, dy, weight), dbias
    if suits_winograd_gradient(program, window, packing, x.space, dy.space):
        return dx, add_winograd_gradient(program, window, flip, x, dy, weight.shape, weight.storage.name), dbias
    x_haloed = with_halo(program, x, halo_of(forward_strands(window, y.space, flip), x.space))
    dweight = add_weight_gradient(program, window, flip, groups, x_haloed, dy, weight.shape, weight.storage.name)
    return dx, dweight, dbias
