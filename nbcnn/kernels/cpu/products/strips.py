"""The two register tiles of depthwise convolutions, emitted as LLVM IR, and the tables that they walk.

Where every channel is convolved by itself, nothing is gained by several filters; what can be shared are the vectors of
neighbouring pixels. Both tiles work on a strip of pixels in one row and read a kernel row's stretch of the source once.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nbcnn.kernels.cpu.families.windows import Strand, Window, every
from nbcnn.kernels.cpu.language.lanes import register_count
from nbcnn.kernels.cpu.language.later import cgutils, intrinsic, ir, types
from nbcnn.kernels.cpu.language.vector import declare
from nbcnn.kernels.cpu.products.tile import Emitter
from nbcnn.kernels.cpu.program.calls import Activation

# A kernel with more columns, or one whose columns lie apart, counts each of its taps as a row of one column.
MOST_COLUMNS = 9


@intrinsic(prefer_literal=True)
def convolution_strip(
    typing_context,
    lanes,
    pixels,
    columns,
    step,
    x,
    weight,
    weight_step,
    rows,
    row_count,
    bias,
    y,
    y_step,
    lower,
    mask,
):
    """Sum `pixels` outputs, whose inputs are `step` apart, over kernel rows, then clamp, mask and store them.

    `rows` holds for each kernel row the byte offsets into the input and the weights, `columns` of them `weight_step`
    apart. `y_step` is the distance between outputs, and between masks.
    """
    L, P, K, S = lanes.literal_value, pixels.literal_value, columns.literal_value, step.literal_value
    whole, real = types.int64, types.float32
    signature = types.void(lanes, pixels, columns, step, *[whole] * 5, real, whole, whole, real, whole)

    def codegen(context, builder, signature, arguments):
        x, weight, weight_step, rows, row_count, bias, y, y_step, lower, mask = arguments[4:]
        emit = Emitter(builder, L)
        accumulators = emit.variables(P)
        start = emit.splat(bias)
        for slot in accumulators:
            builder.store(start, slot)
        end = emit.add(rows, builder.mul(row_count, emit.constant(8)))
        with cgutils.for_range_slice(builder, rows, end, emit.constant(8), intp=ir.IntType(64)) as (row, _):
            source = emit.add(x, emit.offset(row))
            factor = emit.add(weight, emit.offset(emit.add(row, 4)))
            factors = []
            for _ in range(K):
                factors.append(emit.splat(emit.load(factor, ir.FloatType())))
                factor = emit.add(factor, weight_step)
            for place in range((P - 1) * S + K):
                pairs = [(p, place - p * S) for p in range(P) if 0 <= place - p * S < K]
                # Where the stride is above the kernel's columns, some places are read by nobody.
                value = emit.load(emit.add(source, 4 * L * place)) if pairs else None
                for p, k in pairs:
                    builder.store(emit.fma(factors[k], value, builder.load(accumulators[p])), accumulators[p])
        floor = emit.splat(lower)
        with builder.if_then(builder.icmp_signed("!=", mask, emit.constant(0))):
            zero = ir.Constant(emit.vector, [0.0] * L)
            place = mask
            for slot in accumulators:
                # Unordered, so that not-a-number passes the gradient on, as in PyTorch.
                positive = builder.fcmp_unordered(">", emit.load(place), zero)
                builder.store(builder.select(positive, builder.load(slot), zero), slot)
                place = emit.add(place, y_step)
        place = y
        for slot in accumulators:
            value = builder.load(slot)
            emit.store(builder.select(builder.fcmp_ordered("<", value, floor), floor, value), place)
            place = emit.add(place, y_step)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic(prefer_literal=True)
def correlation_strip(
    typing_context,
    lanes,
    pixels,
    rows,
    columns,
    step,
    x,
    row_table,
    dy,
    strips,
    strip_count,
    singles,
    single_count,
    result,
    result_step,
    valid_rows,
    add,
):
    """Sum `rows x columns` products of dy and x over strips of `pixels`, over single pixels, and over all lanes.

    `strips` and `singles` hold the byte offsets into x and dy of their first pixel, `row_table` that of each kernel row
    into x. Inputs of neighbouring pixels are `step` apart.
    """
    L, P, R = lanes.literal_value, pixels.literal_value, rows.literal_value
    K, S = columns.literal_value, step.literal_value
    signature = types.void(lanes, pixels, rows, columns, step, *[types.int64] * 11)

    def codegen(context, builder, signature, arguments):
        x, row_table, dy, strips, strip_count, singles, single_count, result, result_step, valid_rows, add = arguments[
            5:
        ]
        emit = Emitter(builder, L)
        accumulators = emit.variables(R * K)
        for slot in accumulators:
            builder.store(ir.Constant(emit.vector, [0.0] * L), slot)
        sources = [emit.add(x, emit.offset(emit.add(row_table, 4 * r))) for r in range(R)]
        for table, count, width in ((strips, strip_count, P), (singles, single_count, 1)):
            end = emit.add(table, builder.mul(count, emit.constant(8)))
            with cgutils.for_range_slice(builder, table, end, emit.constant(8), intp=ir.IntType(64)) as (entry, _):
                here = emit.offset(entry)
                start = emit.add(dy, emit.offset(emit.add(entry, 4)))
                deltas = [emit.load(emit.add(start, 4 * L * p)) for p in range(width)]
                for r in range(R):
                    source = emit.add(sources[r], here)
                    for place in range((width - 1) * S + K):
                        pairs = [(p, place - p * S) for p in range(width) if 0 <= place - p * S < K]
                        value = emit.load(emit.add(source, 4 * L * place)) if pairs else None
                        for p, k in pairs:
                            slot = accumulators[r * K + k]
                            builder.store(emit.fma(deltas[p], value, builder.load(slot)), slot)
        reduce = declare(builder, f"llvm.vector.reduce.fadd.v{L}f32", ir.FloatType(), [ir.FloatType(), emit.vector])
        accumulate = builder.icmp_signed("!=", add, emit.constant(0))
        place = result
        for r in range(R):
            with builder.if_then(builder.icmp_signed("<", emit.constant(r), valid_rows)):
                here = place
                for k in range(K):
                    total = builder.call(
                        reduce,
                        [ir.Constant(ir.FloatType(), 0.0), builder.load(accumulators[r * K + k])],
                        fastmath=("reassoc",),
                    )
                    before = builder.select(
                        accumulate, emit.load(here, ir.FloatType()), ir.Constant(ir.FloatType(), 0.0)
                    )
                    emit.store(builder.fadd(before, total), here)
                    here = emit.add(here, result_step)
            place = emit.add(place, builder.mul(result_step, emit.constant(K)))
        return context.get_dummy_value()

    return signature, codegen


class Shape(NamedTuple):
    """What a strip tile is compiled for: pixels, kernel columns that share what is read, distance of their inputs."""

    pixels: int
    columns: int
    step: int


def columns_of(window: Window) -> int:
    """How many taps a kernel row has whose inputs lie side by side."""
    columns = window.kernel[2]
    return columns if window.dilation[2] == 1 and columns <= MOST_COLUMNS else 1


def _lines(strand: Strand) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and starts of a strand by row, each (rows, columns, 3)."""
    columns = len(set(strand.pixels[:, 2].tolist()))
    return strand.pixels.reshape(-1, columns, 3), strand.starts.reshape(-1, columns, 3)


def strip_pixels(strands: Sequence[Strand]) -> int:
    """How many pixels of a row to compute at once; what is over is computed twice, so no row may be shorter."""
    sizes = [_lines(strand)[0].shape[:2] for strand in strands if len(strand.pixels)]

    def cost(pixels: int) -> int:
        # Two pixels more stand for the loops around a strip.
        return sum(rows * math.ceil(columns / pixels) * (pixels + 2) for rows, columns in sizes)

    return min((n for n in (8, 4, 2, 1) if all(n <= columns for _, columns in sizes)), key=cost)


class StripTables(NamedTuple):
    """`strips` (source, target, mask, first row byte, row count each) and kernel `rows` (source, weight)."""

    strips: np.ndarray
    rows: np.ndarray


def strip_tables(
    strands: Sequence[Strand],
    shape: Shape,
    source: Activation,
    sources: int,
    target: Activation,
    mask: Activation,
    tap_count: int,
) -> StripTables:
    """Cut strands into strips and list for each only the kernel rows that reach inside the source.

    `sources` channels of the source are summed, each with `tap_count` taps of its own behind those of the one before.
    """
    strips: list[tuple[int, ...]] = []
    entries: list[tuple[int, int]] = []
    first_entry: dict[tuple[int, bytes], tuple[int, int]] = {}
    for number, strand in enumerate(strands):
        lines, starts = _lines(strand)
        columns = lines.shape[1]
        firsts = np.minimum(np.arange(0, columns, shape.pixels), columns - shape.pixels)
        taps, numbers = strand.taps[:: shape.columns], strand.numbers[:: shape.columns]
        tap_offsets = taps @ np.array(source.strides, dtype=np.int64)
        for line, start in zip(lines, starts, strict=True):
            reached = start[0, :2] + taps[:, :2]
            used = ((reached >= 0) & (reached < np.array(source.space[:2]))).all(axis=1)
            key = number, used.tobytes()
            if key not in first_entry:
                found = [
                    (offset + channel * source.channel_stride, 4 * (tap + channel * tap_count))
                    for channel in range(sources)
                    for offset, tap in zip(tap_offsets[used], numbers[used], strict=True)
                ]
                first_entry[key] = 8 * len(entries), len(found)
                entries += found
            offsets = (source.offsets(start[firsts]), target.offsets(line[firsts]), mask.offsets(line[firsts]))
            strips += [(*places, *first_entry[key]) for places in zip(*offsets, strict=True)]
    return StripTables(np.array(strips), np.array(entries).reshape(-1, 2))


def correlated_rows(window: Window) -> int:
    """How many kernel rows a correlation strip sums at once: as many as leave registers for its pixels."""
    columns = columns_of(window)
    rows = len(window.taps) // columns
    most = max(1, (12 if register_count() >= 32 else 9) // columns)
    return math.ceil(rows / math.ceil(rows / most))


def correlated_pixels(columns: int) -> int:
    """How many pixels of rows of `columns` to correlate at once; what is over is done pixel by pixel."""

    def cost(pixels: int) -> float:
        # Turns of the loop and what each repeats cost as much as one pixel and a half.
        return columns // pixels * (pixels + 1.5) + columns % pixels * 2.5

    return min((8, 4, 2) if register_count() >= 32 else (4, 2), key=cost)


def correlation_positions(window: Window, x: Activation, dy: Activation, pixels: int) -> tuple[np.ndarray, np.ndarray]:
    """Byte offsets into x and dy of the strips' first pixels, and of the pixels that are over."""
    places = every(dy.space)
    offsets = np.stack([x.offsets(window.starts(places)), dy.offsets(places)], axis=1)
    columns = dy.space[2]
    lines = offsets.reshape(-1, columns, 2)
    whole = columns // pixels * pixels
    return lines[:, :whole:pixels].reshape(-1, 2), lines[:, whole:].reshape(-1, 2)
