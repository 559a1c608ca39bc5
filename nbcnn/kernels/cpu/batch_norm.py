"""Batch normalisation: a walk gathers each block's moments, a phase combines them, the next walk normalises.

The way back takes the same three steps. In inference it is one factor and one shift a channel.
"""

import math
from collections.abc import Callable

from nbcnn.kernels.cpu.batch_statistics import (
    BACK,
    CHANNELS_PER_PART,
    MOMENTS,
    STATISTICS,
    SUMS,
    block_moments,
    block_sums,
    channel_gradients,
    channel_statistics,
    normalise,
    normalise_gradient,
)
from nbcnn.kernels.cpu.normalising import constant
from nbcnn.kernels.cpu.program import Activation, Argument, Array, Call, Program, grid, in_place_or_new

_Gradients = tuple[Activation | None, None, None, Array | None, Array | None]

# Rows that lie one behind the other are taken as one row of so many numbers at most; sums of longer ones lose digits.
LONGEST_ROW = 128


def _numbers(**operands: Activation) -> dict[str, Argument]:
    """Arguments that let a kernel visit the numbers of all `operands`, as `grid` and `extent`."""
    first, *_ = operands.values()
    depth, rows, columns = first.space

    def joined() -> int:
        if any(each.strides[1] != columns * each.lane_bytes for each in operands.values()):
            return 1
        return max(n for n in range(1, rows + 1) if rows % n == 0 and (n == 1 or n * columns <= LONGEST_ROW))

    def row(x: Activation) -> Callable[[], int]:
        return lambda: joined() * x.strides[1]

    found: dict[str, Argument] = {}
    for name, x in operands.items():
        found |= grid(name, x) | {f"{name}_row": row(x)}
    sizes: dict[str, Argument] = {"rows": lambda: rows // joined(), "columns": lambda: columns * joined()}
    return found | {"channels": first.channels, "depth": depth} | sizes


def _by_channel(program: Program, call: Call, x: Activation) -> Call:
    """Tell that a call works on each channel of activations like x by itself."""
    call.arguments |= program.units(x.channels)
    call.units, call.work, call.channelwise = x.channels, x.size, True
    return call


def batch_norm(
    program: Program,
    x: Activation,
    running_mean: Array | None,
    running_var: Array | None,
    weight: Array | None,
    bias: Array | None,
    *,
    momentum: float,
    eps: float,
    training: bool,
) -> Activation:
    """Each channel less its mean, over its deviation, times weight plus bias."""
    if program.known is not None:
        return _normalised(program, x, program.known)
    shape = (x.channels,)
    statistics = Array("channel statistics", (x.channels, STATISTICS))
    moments = Array("block moments", (program.blocks if training else 1, x.channels, MOMENTS))
    parts = math.ceil(x.channels / CHANNELS_PER_PART)
    combine = program.call(
        channel_statistics,
        moments=moments,
        weight=weight or constant(1.0, shape),
        bias=bias or constant(0.0, shape),
        running_mean=running_mean or constant(0.0, shape),
        running_var=running_var or constant(1.0, shape),
        statistics=statistics,
        channels=x.channels,
        positions=math.prod(x.space),
        samples=program.state("samples"),
        momentum=float(momentum),
        eps=float(eps),
        training=int(training),
    )
    if training:
        call = program.call(block_moments, **_numbers(x=x), moments=moments, samples=program.state("samples"))
        program.each_block(_by_channel(program, call, x))
        program.after_blocks([combine], parts)
    else:
        program.prepare.add([combine], parts)
    return _normalised(program, x, statistics)


def _normalised(program: Program, x: Activation, statistics: Array) -> Activation:
    x.kept |= program.differentiates
    y = in_place_or_new(program, x, "batch norm")
    y.saved = statistics
    # What is stored can later be clamped from below, as relu asks for.
    call = program.call(normalise, **_numbers(x=x, y=y), statistics=statistics, lowest=-math.inf)
    program.each_block(_by_channel(program, call, x), produces=y)
    return y


def batch_norm_gradient(
    program: Program,
    dy: Activation,
    x: Activation,
    y: Activation,
    running_mean: Array | None,
    running_var: Array | None,
    weight: Array | None,
    bias: Array | None,
    *,
    momentum: float,
    eps: float,
    training: bool,
) -> _Gradients:
    """Gradients with respect to x (where it is wanted), weight and bias; running statistics have none."""
    shape = (x.channels,)
    samples = program.state("samples")
    statistics: Array = y.saved
    sums = Array("block sums", (program.blocks, x.channels, SUMS))
    dweight, dbias = Array("batch norm weight gradient", shape), Array("batch norm bias gradient", shape)
    back = Array("channel gradients", (x.channels, BACK))
    call = program.call(block_sums, **_numbers(dy=dy, x=x), statistics=statistics, sums=sums, samples=samples)
    program.each_block(_by_channel(program, call, x))
    combine = program.call(
        channel_gradients,
        sums=sums,
        statistics=statistics,
        weight=weight or constant(1.0, shape),
        dweight=dweight,
        dbias=dbias,
        back=back,
        channels=x.channels,
        positions=math.prod(x.space),
        samples=samples,
        training=int(training),
    )
    program.after_blocks([combine], math.ceil(x.channels / CHANNELS_PER_PART))
    gradients = (None, None, None if weight is None else dweight, None if bias is None else dbias)
    if not x.wants_gradient:
        return (None, *gradients)
    dx = in_place_or_new(program, dy, "batch norm gradient")
    call = program.call(normalise_gradient, **_numbers(dy=dy, x=x, dx=dx), back=back, samples=samples)
    program.each_block(_by_channel(program, call, x), produces=dx)
    return (dx, *gradients)
