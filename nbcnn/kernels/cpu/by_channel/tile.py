"""The register tiles for channels as lanes, emitted as LLVM IR: vectors of output channels times pixels.

Like the tiles for samples as lanes they walk tables of byte offsets, so the code depends on the tile's size alone.
"""

from llvmlite import ir

from nbcnn.kernels.cpu.language.later import cgutils, intrinsic, types
from nbcnn.kernels.cpu.products.tile import Emitter
from nbcnn.kernels.cpu.program.calls import CACHE_LINE

_I64 = ir.IntType(64)
_F32 = ir.FloatType()


def _rows(emit, base, pixel_table, pixels, column):
    """The addresses of a tile's pixels; `column` 0 of the table is the input's, 1 the output's, 2 the addend's."""
    return [emit.add(base, emit.offset(emit.add(pixel_table, 12 * p + 4 * column))) for p in range(pixels)]


def _finish(emit, accumulators, pixel_table, P, y, y_step, added, added_step, valid, lower):
    """Add another activation unless `added` is 0, clamp from below, store the first `valid` vectors of each pixel."""
    builder = emit.builder
    vectors = [accumulators[first : first + P] for first in range(0, len(accumulators), P)]

    def where_valid(base, column, step):
        rows = _rows(emit, base, pixel_table, P, column)
        for v, slots in enumerate(vectors):
            with builder.if_then(builder.icmp_signed("<", emit.constant(v), valid)):
                shift = builder.mul(step, emit.constant(v))
                yield from ((slot, emit.add(row, shift)) for slot, row in zip(slots, rows, strict=True))

    with builder.if_then(builder.icmp_signed("!=", added, emit.constant(0))):
        for slot, place in where_valid(added, 2, added_step):
            builder.store(builder.fadd(builder.load(slot), emit.load(place)), slot)
    floor = emit.splat(lower)
    for slot, place in where_valid(y, 1, y_step):
        value = builder.load(slot)
        emit.store(builder.select(builder.fcmp_ordered("<", value, floor), floor, value), place)


@intrinsic(prefer_literal=True)
def channel_tile(
    typing_context,
    lanes,
    vectors,
    pixels,
    lines_ahead,
    x,
    x_block,
    x_channel,
    weight,
    weight_block,
    ahead,
    ahead_step,
    blocks,
    group,
    last_group,
    pixel_table,
    taps,
    tap_count,
    bias,
    resume,
    y,
    y_step,
    added,
    added_step,
    valid,
    lower,
):
    """Sum `vectors x pixels` outputs over blocks of input channels and taps, add another activation, clamp, store.

    A block has `group` channels, `x_channel` apart, the last one `last_group`. Weights lie as [block][tap][channel]
    [vector][lane]. `pixel_table` holds for each pixel the byte offsets of its input, its output and what is added;
    `taps` for each tap those into the input and a block's weights. `added` is 0 where nothing is. With every
    channel and tap `lines_ahead` lines of memory from `ahead` on are brought near, and `ahead` grows by `ahead_step`.
    """
    L, V, P = lanes.literal_value, vectors.literal_value, pixels.literal_value
    signature = types.void(lanes, vectors, pixels, lines_ahead, *[types.int64] * 20, types.float32)

    def codegen(context, builder, signature, arguments):
        (
            x,
            x_block,
            x_channel,
            weight,
            weight_block,
            ahead,
            ahead_step,
            blocks,
            group,
            last_group,
            pixel_table,
            taps,
            tap_count,
            bias,
            resume,
            y,
            y_step,
            added,
            added_step,
            valid,
            lower,
        ) = arguments[4:]
        emit = Emitter(builder, L)
        accumulators = emit.variables(V * P)

        sources = _rows(emit, x, pixel_table, P, 0)
        with builder.if_else(builder.icmp_signed("!=", resume, emit.constant(0))) as (then, otherwise):
            with then:
                starts = _rows(emit, y, pixel_table, P, 1)
                for v in range(V):
                    with builder.if_then(builder.icmp_signed("<", emit.constant(v), valid)):
                        for p in range(P):
                            place = emit.add(starts[p], builder.mul(y_step, emit.constant(v)))
                            builder.store(emit.load(place), accumulators[v * P + p])
            with otherwise:
                for v in range(V):
                    start = emit.load(emit.add(bias, 4 * L * v))
                    for p in range(P):
                        builder.store(start, accumulators[v * P + p])
        x_shift = cgutils.alloca_once_value(builder, emit.constant(0))
        weights = cgutils.alloca_once_value(builder, weight)
        source = cgutils.alloca_once(builder, _I64)
        row = cgutils.alloca_once(builder, _I64)
        near = cgutils.alloca_once_value(builder, ahead)
        taps_end = emit.add(taps, builder.mul(tap_count, emit.constant(8)))
        last = builder.sub(blocks, emit.constant(1))
        with cgutils.for_range(builder, blocks) as block:
            count = builder.select(builder.icmp_signed("==", block.index, last), last_group, group)
            bytes_of_row = builder.mul(count, emit.constant(4 * L * V))
            with cgutils.for_range_slice(builder, taps, taps_end, emit.constant(8), intp=_I64) as (tap, _):
                builder.store(builder.add(builder.load(x_shift), emit.offset(tap)), source)
                first = builder.add(builder.load(weights), emit.offset(emit.add(tap, 4)))
                end = builder.add(first, bytes_of_row)
                builder.store(first, row)
                loop = builder.append_basic_block("channels")
                after = builder.append_basic_block("channels.end")
                builder.branch(loop)
                builder.position_at_end(loop)
                here, offset = emit.opaque(builder.load(row)), emit.opaque(builder.load(source))
                factors = [emit.load(emit.add(here, 4 * L * v)) for v in range(V)]
                for p in range(P):
                    value = emit.splat(emit.load(emit.add(sources[p], offset), _F32))
                    for v in range(V):
                        slot = accumulators[v * P + p]
                        builder.store(emit.fma(factors[v], value, builder.load(slot)), slot)
                soon = builder.load(near)
                for line in range(lines_ahead.literal_value):
                    emit.prefetch(emit.add(soon, CACHE_LINE * line))
                builder.store(builder.add(soon, ahead_step), near)
                following = emit.add(here, 4 * L * V)
                builder.store(following, row)
                builder.store(builder.add(offset, x_channel), source)
                builder.cbranch(builder.icmp_unsigned("<", following, end), loop, after)
                builder.position_at_end(after)
            builder.store(builder.add(builder.load(x_shift), x_block), x_shift)
            builder.store(builder.add(builder.load(weights), weight_block), weights)
        _finish(emit, accumulators, pixel_table, P, y, y_step, added, added_step, valid, lower)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic(prefer_literal=True)
def depthwise_tile(
    typing_context,
    lanes,
    pixels,
    x,
    weight,
    pixel_table,
    taps,
    tap_count,
    bias,
    y,
    added,
    lower,
):
    """Sum `pixels` outputs of one block of channels over taps, each channel by itself; tables as for `channel_tile`."""
    L, P = lanes.literal_value, pixels.literal_value
    signature = types.void(lanes, pixels, *[types.int64] * 8, types.float32)

    def codegen(context, builder, signature, arguments):
        x, weight, pixel_table, taps, tap_count, bias, y, added, lower = arguments[2:]
        emit = Emitter(builder, L)
        accumulators = emit.variables(P)

        sources = _rows(emit, x, pixel_table, P, 0)
        start = emit.load(bias)
        for slot in accumulators:
            builder.store(start, slot)
        taps_end = emit.add(taps, builder.mul(tap_count, emit.constant(8)))
        with cgutils.for_range_slice(builder, taps, taps_end, emit.constant(8), intp=_I64) as (tap, _):
            offset = emit.offset(tap)
            factor = emit.load(emit.add(weight, emit.offset(emit.add(tap, 4))))
            for p in range(P):
                slot = accumulators[p]
                value = emit.load(emit.add(sources[p], offset))
                builder.store(emit.fma(factor, value, builder.load(slot)), slot)
        zero, one = emit.constant(0), emit.constant(1)
        _finish(emit, accumulators, pixel_table, P, y, zero, added, zero, one, lower)
        return context.get_dummy_value()

    return signature, codegen
