"""Convolution over one, two or three axes."""

from collections.abc import Sequence

from nbcnn.kernels.cpu.copying import with_halo
from nbcnn.kernels.cpu.packing import Packing
from nbcnn.kernels.cpu.products import add_convolution, add_correlation
from nbcnn.kernels.cpu.program import Activation, Array, Program
from nbcnn.kernels.cpu.sums import PartialSums, add_channel_sum
from nbcnn.kernels.cpu.windows import Window, adjoint_strands, forward_strands, halo_of


def conv(
    program: Program,
    x: Activation,
    weight: Array,
    bias: Array | None,
    *,
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    groups: int,
    flip: bool,
) -> Activation:
    """Cross-correlate x with weight (O, I/groups, *kernel), or convolve where `flip`, and add bias."""
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
    dilation: Sequence[int],
    groups: int,
    flip: bool,
) -> tuple[Activation | None, PartialSums, PartialSums | None]:
    """Gradients with respect to x (where it is wanted), weight and bias."""
    window = Window.of(weight.shape[2:], stride, padding, dilation)
    x_haloed = with_halo(program, x, halo_of(forward_strands(window, y.space, flip), x.space))
    dx = None
    if x.wants_gradient:
        dx = program.activation("conv gradient", x.channels, x.space)
        strands = adjoint_strands(window, x.space, flip)
        dy = with_halo(program, dy, halo_of(strands, dy.space))
        outputs, channels = weight.shape[0] // groups, weight.shape[1]
        taps = len(window.taps)
        packing = Packing(groups, channels, outputs, taps, outputs * channels * taps, taps, channels * taps)
        add_convolution(program, strands, taps, weight, None, packing, dy, dx)
    dweight = add_correlation(program, window, flip, groups, x_haloed, dy, weight.shape, weight.storage.name)
    dbias = None if bias is None else add_channel_sum(program, dy, bias.storage.name)
    return dx, dweight, dbias
