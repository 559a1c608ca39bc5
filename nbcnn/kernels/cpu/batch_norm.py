"""Batch normalisation: a walk gathers each block's moments, a phase combines them, the next walk normalises.

The way back takes the same three steps. In inference it is one factor and one shift a channel.
"""

import math
from collections.abc import Callable

from nbcnn.kernels.cpu.families.batch_statistics import (
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
from nbcnn.kernels.cpu.families.normalising import constant
from nbcnn.kernels.cpu.language.row import Body
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation, Argument, Call, grid
from nbcnn.kernels.cpu.program.program import NOT_FINITE, Program, in_place_or_new

_Gradients = tuple[Activation | None, None, None, Array | None, Array | None]

# What the numbers that a pointwise convolution makes of some rows may take, to be near for what comes next.
NEAR_BYTES = 512 << 10


def _numbers(operands: dict[str, Activation], part: int = 0, parts: int = 1) -> dict[str, Argument]:
    """Arguments that let a kernel visit the numbers of all `operands`, as `grid` and `extent`, of some rows."""
    first, *_ = operands.values()
    depth, rows, columns = first.space
    rows //= parts
    found: dict[str, Argument] = {}
    for name, x in operands.items():
        found |= grid(name, x, first_row=part * rows)
    return found | {"channels": first.channels, "depth": depth, "rows": rows, "columns": columns}


def _by_channel(program: Program, call: Call, x: Activation) -> Call:
    """Tell that a call works on each channel of activations like x by itself."""
    call.arguments |= program.units(x.channels)
    call.units, call.work, call.channelwise = x.channels, x.size, True
    return call


def _join_rows(call: Call, operands: dict[str, Activation]) -> None:
    """Let a call take rows that lie one behind the other as one long row. Not for sums: their order would change."""
    rows, columns = call.arguments["rows"], call.arguments["columns"]
    assert isinstance(rows, int) and isinstance(columns, int)

    def joined() -> bool:
        return all(each.strides[1] == columns * each.lane_bytes for each in operands.values())

    call.arguments["rows"] = lambda: 1 if joined() else rows
    call.arguments["columns"] = lambda: rows * columns if joined() else columns


def _add_normalising(
    program: Program,
    factory: Callable[[int], Body],
    result: Activation,
    operands: dict[str, Activation],
    **known: Argument,
) -> None:
    """Append to the walk what makes `result` of `operands`, number by number."""
    call = _by_channel(program, program.call(factory, **_numbers(operands), **known), result)
    _join_rows(call, operands)

    def by_rows(part: int, parts: int) -> Call:
        found = call.but(_numbers(operands, part, parts), call.work // parts)
        _join_rows(found, operands)
        return found

    call.by_rows = by_rows
    program.each_block(call, produces=result)


def _add_sums(program: Program, x: Activation, made: list[list[Call]], sums: Callable[[int], Call]) -> None:
    """Append to the walk the calls that make x part by part, and after each of them its sums over each channel."""
    for part, calls in enumerate(made):
        for call in calls:
            program.each_block(call)
        if part == 0 or not program.outline:
            summing = _by_channel(program, sums(part), x)
            summing.work //= len(made)
        program.each_block(summing)


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
        return _normalised(program, x, program.known, training)
    shape = (x.channels,)
    statistics = Array("channel statistics", (x.channels, STATISTICS))
    made = program.taken_by_rows(x, NEAR_BYTES) if training else [[]]
    parts = len(made)
    moments = Array("block moments", (program.blocks * parts if training else 1, x.channels, MOMENTS))
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
        parts=parts,
        found=program.state(NOT_FINITE),
    )
    combine_parts = math.ceil(x.channels / CHANNELS_PER_PART)
    if training:

        def sums(part: int) -> Call:
            numbers = _numbers({"x": x}, part, parts)
            samples = program.state("samples")
            return program.call(block_moments, **numbers, moments=moments, samples=samples, part=part, parts=parts)

        _add_sums(program, x, made, sums)
        program.after_blocks([combine], combine_parts)
    else:
        program.prepare.add([combine], combine_parts)
    return _normalised(program, x, statistics, training)


def _normalised(program: Program, x: Activation, statistics: Array, training: bool) -> Activation:
    # In training never over x, though no gradient may read it: x would share the halo of y, on which the order depends
    # in which its numbers are summed up.
    x.kept |= program.differentiates or training
    y = in_place_or_new(program, x, "batch norm")
    y.saved = statistics
    # What is stored can later be clamped from below, as relu asks for.
    _add_normalising(program, normalise, y, {"x": x, "y": y}, statistics=statistics, lowest=-math.inf)
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
    made = program.taken_by_rows(dy, NEAR_BYTES)
    parts = len(made)
    sums = Array("block sums", (program.blocks * parts, x.channels, SUMS))
    dweight, dbias = Array("batch norm weight gradient", shape), Array("batch norm bias gradient", shape)
    back = Array("channel gradients", (x.channels, BACK))

    def add_sums(part: int) -> Call:
        numbers = _numbers({"dy": dy, "x": x}, part, parts)
        known: dict[str, Argument] = {"statistics": statistics, "sums": sums, "samples": samples}
        return program.call(block_sums, **numbers, **known, part=part, parts=parts)

    _add_sums(program, x, made, add_sums)
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
        parts=parts,
    )
    program.after_blocks([combine], math.ceil(x.channels / CHANNELS_PER_PART))
    gradients = (None, None, None if weight is None else dweight, None if bias is None else dbias)
    if not x.wants_gradient:
        return (None, *gradients)
    dx = in_place_or_new(program, dy, "batch norm gradient")
    _add_normalising(program, normalise_gradient, dx, {"dy": dy, "x": x, "dx": dx}, back=back, samples=samples)
    return (dx, *gradients)
