"""Convolution over one, two or three axes."""

from collections.abc import Sequence

from nbcnn.kernels.cpu.copying import with_halo
from nbcnn.kernels.cpu.packing import Packing
from nbcnn.kernels.cpu.pad import pad, pad_gradient
from nbcnn.kernels.cpu.products import add_convolution, add_correlation
from nbcnn.kernels.cpu.program import Activation, Array, Program
from nbcnn.kernels.cpu.sums import PartialSums, add_channel_sum
from nbcnn.kernels.cpu.windows import Window, adjoint_strands, forward_strands, halo_of

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
    strands = forward_strands(window, y.space, flip)
    x = with_halo(program, x, halo_of(strands, x.space))
    outputs, channels = weight.shape[0] // groups, weight.shape[1]
    taps = len(window.taps)
    packing = Packing(groups, outputs, channels, taps, outputs * channels * taps, channels * taps, taps)
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
) -> tuple[Activation | None, PartialSums | None, PartialSums | None]:
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
    dx = None
    if x.wants_gradient:
        dx = program.activation("conv gradient", x.channels, x.space)
        strands = adjoint_strands(window, x.space, flip)
        dy = with_halo(program, dy, halo_of(strands, dy.space))
        outputs, channels = weight.shape[0] // groups, weight.shape[1]
        taps = len(window.taps)
        packing = Packing(groups, channels, outputs, taps, outputs * channels * taps, taps, channels * taps)
        add_convolution(program, strands, taps, weight, None, packing, dy, dx)
    if not weight.wants_gradient:
        return dx, None, None
    x_haloed = with_halo(program, x, halo_of(forward_strands(window, y.space, flip), x.space))
    dweight = add_correlation(program, window, flip, groups, x_haloed, dy, weight.shape, weight.storage.name)
    dbias = None if bias is None else add_channel_sum(program, dy, bias.storage.name)
    return dx, dweight, dbias
