"""Transposed convolution: forwards the data gradient of a convolution, and its data gradient is that convolution."""

from collections.abc import Sequence

from nbcnn.kernels.cpu.families.copying import with_halo
from nbcnn.kernels.cpu.families.sums import PartialSums, add_channel_sum
from nbcnn.kernels.cpu.families.windows import (
    Window,
    adjoint_strands,
    forward_strands,
    halo_of,
    three_axes,
    three_pairs,
)
from nbcnn.kernels.cpu.products.batch_correlation import add_weight_gradient
from nbcnn.kernels.cpu.products.depthwise import add_depthwise, add_depthwise_adjoint, add_depthwise_correlation
from nbcnn.kernels.cpu.products.packing import Packing
from nbcnn.kernels.cpu.products.products import add_convolution
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation, Space
from nbcnn.kernels.cpu.program.program import Program


def _output_space(
    space: Space, window: Window, padding: Sequence[tuple[int, int]], output_padding: Sequence[int]
) -> Space:
    depth, rows, columns = (
        (size - 1) * stride - before - after + dilation * (kernel - 1) + more + 1
        for size, kernel, stride, (before, after), dilation, more in zip(
            space,
            window.kernel,
            window.stride,
            three_pairs(padding),
            window.dilation,
            three_axes(output_padding, 0),
            strict=True,
        )
    )
    return depth, rows, columns


def conv_transpose(
    program: Program,
    x: Activation,
    weight: Array,
    bias: Array | None,
    *,
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    output_padding: Sequence[int],
    dilation: Sequence[int],
    groups: int,
) -> Activation:
    """Spread x by weight (I, O/groups, *kernel), `stride` apart, and add bias."""
    window = Window.of(weight.shape[2:], stride, padding, dilation)
    space = _output_space(x.space, window, padding, output_padding)
    y = program.activation("transposed conv", weight.shape[1] * groups, space)
    if groups == x.channels > 1:
        add_depthwise_adjoint(program, window, False, weight, bias, x, y)
        return y
    strands = adjoint_strands(window, y.space, flip=False)
    x = with_halo(program, x, halo_of(strands, x.space))
    channels, outputs = weight.shape[0] // groups, weight.shape[1]
    taps = window.tap_count
    packing = Packing(groups, outputs, channels, taps, channels * outputs * taps, taps, outputs * taps)
    add_convolution(program, strands, taps, weight, bias, packing, x, y)
    return y


def conv_transpose_gradient(
    program: Program,
    dy: Activation,
    x: Activation,
    y: Activation,
    weight: Array,
    bias: Array | None,
    *,
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    output_padding: Sequence[int],
    dilation: Sequence[int],
    groups: int,
) -> tuple[Activation | None, Array | None, PartialSums | None]:
    """Gradients with respect to x, weight and bias, each where it is wanted."""
    window = Window.of(weight.shape[2:], stride, padding, dilation)
    is_depthwise = groups == x.channels > 1
    strands = forward_strands(window, x.space, flip=False)
    dy_haloed = dy if is_depthwise else with_halo(program, dy, halo_of(strands, dy.space))
    dx = program.activation("transposed conv gradient", x.channels, x.space) if x.wants_gradient else None
    if dx is not None and is_depthwise:
        add_depthwise(program, window, False, weight, None, dy, dx)
    elif dx is not None:
        channels, outputs = weight.shape[0] // groups, weight.shape[1]
        taps = window.tap_count
        packing = Packing(groups, channels, outputs, taps, channels * outputs * taps, outputs * taps, taps)
        add_convolution(program, strands, taps, weight, None, packing, dy_haloed, dx)
    if not weight.wants_gradient:
        return dx, None, None
    dbias = None if bias is None else add_channel_sum(program, dy, bias.storage.name)
    # A weight joins x at a position with dy in its window: the convolution's sum with the roles of the two exchanged.
    if is_depthwise:
        return dx, add_depthwise_correlation(program, window, False, dy, x, weight), dbias
    dweight = add_weight_gradient(program, window, False, groups, dy_haloed, x, weight.shape, weight.storage.name)
    return dx, dweight, dbias
