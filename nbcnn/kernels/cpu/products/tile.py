"""The two register tiles that do nearly all the arithmetic, emitted as LLVM IR.

Both keep `rows x columns` accumulators of one vector of lanes each in registers and walk tables of byte offsets, so one
compiled tile serves every kernel size, stride, dilation, padding, rank and number of channels; only the tile's own size
and the lane count change the code.
"""

from typing import Any

from nbcnn.kernels.cpu.language.later import cgutils, intrinsic, ir, types
from nbcnn.kernels.cpu.language.vector import declare, emit_bits, repeat

# How far behind the weights that a tile reads lie those that it asks for, in bytes: the next line; and where it has one
# pixel, so that every number is read once, those of some steps later.
AHEAD, FAR_AHEAD = 64, 768


class Emitter:
    """Shorthands over an IR builder for one vector width."""

    def __init__(self, builder, lanes):
        self.builder = builder
        self.lanes = lanes
        self.vector = ir.VectorType(ir.FloatType(), lanes)
        self._fma = declare(builder, f"llvm.fma.v{lanes}f32", self.vector, [self.vector] * 3)

    def constant(self, value):
        return ir.Constant(ir.IntType(64), value)

    def add(self, address, offset):
        return self.builder.add(address, self.constant(offset) if isinstance(offset, int) else offset)

    def load(self, address, kind=None):
        kind = kind or self.vector
        pointer = self.builder.inttoptr(address, kind.as_pointer())
        return self.builder.load(pointer, align=4)

    def store(self, value, address):
        self.builder.store(value, self.builder.inttoptr(address, value.type.as_pointer()), align=4)

    def prefetch(self, address, to_write=False, nearest=False):
        """Ask for a line that is needed soon: to write it, or `nearest`, in the first cache, else in the second."""
        pointer = ir.IntType(8).as_pointer()
        fetch = declare(self.builder, "llvm.prefetch.p0i8", ir.VoidType(), [pointer, *[ir.IntType(32)] * 3])
        settings = (int(to_write), 3 if to_write or nearest else 2, 1)
        self.builder.call(
            fetch, [self.builder.inttoptr(address, pointer), *(ir.Constant(ir.IntType(32), n) for n in settings)]
        )

    def opaque(self, address):
        """The same address, hidden from LLVM, which would else advance by itself what is added to it."""
        return self.builder.asm(ir.FunctionType(ir.IntType(64), [ir.IntType(64)]), "", "=r,0", [address], False)

    def offset(self, address):
        """A signed 32-bit table entry as a 64-bit integer."""
        return self.builder.sext(self.load(address, ir.IntType(32)), ir.IntType(64))

    def splat(self, scalar):
        return repeat(self.builder, self.lanes, scalar)

    def fma(self, a, b, c):
        return self.builder.call(self._fma, [a, b, c])

    def at_least(self, value, floor):
        return self.builder.select(self.builder.fcmp_ordered("<", value, floor), floor, value)

    def largest(self, values, winners=None):
        """The largest of vectors lane by lane; at `winners` goes what `even_extremes` leaves of where it was."""
        builder, best, bits = self.builder, values[0], []
        for value in values[1:]:
            # Not-a-number is beyond everything, but nothing is beyond it.
            known = builder.fcmp_ordered("ord", best, best)
            better = builder.and_(builder.fcmp_unordered(">", value, best), known)
            best = builder.select(better, value, best)
            if winners is not None:
                bits.append(emit_bits(builder, better))
        masks = 64 // self.lanes
        for first in range(0, len(bits), masks):
            word = bits[first]
            for number, each in enumerate(bits[first + 1 : first + masks], 1):
                word = builder.or_(word, builder.shl(each, self.constant(number * self.lanes)))
            self.store(word, self.add(winners, first // masks * 8))
        return best

    def variables(self, count):
        return [cgutils.alloca_once(self.builder, self.vector) for _ in range(count)]


@intrinsic(prefer_literal=True)
def convolution_tile(
    typing_context,
    lanes,
    filters,
    pixels,
    x,
    x_step,
    weight,
    weight_step,
    channels,
    pixel_table,
    taps,
    tap_count,
    bias,
    resume,
    y,
    y_step,
    valid,
    lower,
    mask,
    mask_step,
    filter_step=4,
    ahead=None,
    ends=0,
    pool=0,
    keeps=0,
):
    """Sum `filters x pixels` outputs over `channels` and taps, then clamp, mask and store them.

    `pixel_table` holds for each pixel the byte offsets of its input, its output and its mask; `taps` holds for each tap
    the byte offsets into the input and the weights, whose next filter lies `filter_step` bytes further. `ahead` is
    where a pixel lies that comes soon: what its taps read is asked for, and first what this tile writes. Where `ends`
    is 1, nothing is read of filters from `valid` on, and the weights behind those that are read are asked for. Where
    `pool` is not 0, the largest of as many pixels that follow each other is stored for all of them; where it `keeps`
    what `even_extremes` leaves of winners, this goes to the places of the mask.
    """
    L, F, P = lanes.literal_value, filters.literal_value, pixels.literal_value
    looks_ahead = ahead is not None and ahead != types.none
    last = types.int64 if looks_ahead else types.none
    may_end, pooled, keeps_winners = (getattr(each, "literal_value", each) for each in (ends, pool, keeps))
    signature = types.void(
        lanes, filters, pixels, *[types.int64] * 13, types.float32, *[types.int64] * 3, last, *[types.int64] * 3
    )

    def codegen(context, builder, signature, arguments):
        (
            x,
            x_step,
            weight,
            weight_step,
            channels,
            pixel_table,
            taps,
            tap_count,
            bias,
            resume,
            y,
            y_step,
            valid,
            lower,
            mask,
            mask_step,
            filter_step,
            soon,
            *_,
        ) = arguments[3:]
        emit = Emitter(builder, L)
        accumulators = emit.variables(F * P)
        x_pointers = [emit.add(x, emit.offset(emit.add(pixel_table, 12 * p))) for p in range(P)]
        y_offsets = [emit.add(y, emit.offset(emit.add(pixel_table, 12 * p + 4))) for p in range(P)]
        row = y_offsets
        for _ in range(F if looks_ahead else 0):
            for address in row:
                emit.prefetch(address, to_write=True)
            row = [emit.add(address, y_step) for address in row]
        resumed = builder.icmp_signed("!=", resume, emit.constant(0))
        with builder.if_else(resumed) as (then, otherwise):
            with then:
                row = y_offsets
                for f in range(F):
                    with builder.if_then(builder.icmp_signed("<", emit.constant(f), valid)):
                        for p in range(P):
                            builder.store(emit.load(row[p]), accumulators[f * P + p])
                    row = [emit.add(address, y_step) for address in row]
            with otherwise:
                for f in range(F):
                    start = emit.splat(emit.load(emit.add(bias, 4 * f), ir.FloatType()))
                    for p in range(P):
                        builder.store(start, accumulators[f * P + p])
        rows = [emit.constant(f) for f in range(F)]
        if may_end:
            last = emit.add(valid, -1)
            rows = [builder.select(builder.icmp_signed("<", row, last), row, last) for row in rows]
        factor_offsets = [builder.mul(filter_step, row) for row in rows]
        channel_x = cgutils.alloca_once_value(builder, emit.constant(0))
        channel_weight = cgutils.alloca_once_value(builder, weight)
        taps_end = emit.add(taps, builder.mul(tap_count, emit.constant(8)))
        with cgutils.for_range(builder, channels):
            shift = builder.load(channel_x)
            base = builder.load(channel_weight)
            sources = [emit.add(pointer, shift) for pointer in x_pointers]
            coming = emit.add(soon, shift) if looks_ahead else None
            with cgutils.for_range_slice(builder, taps, taps_end, emit.constant(8), intp=ir.IntType(64)) as (tap, _):
                source = emit.offset(tap)
                if coming is not None:
                    emit.prefetch(emit.add(coming, source))
                row = emit.add(base, emit.offset(emit.add(tap, 4)))
                if may_end:
                    emit.prefetch(emit.add(row, AHEAD))
                elif P == 1:
                    emit.prefetch(emit.add(row, FAR_AHEAD), nearest=True)
                factors = [emit.splat(emit.load(emit.add(row, offset), ir.FloatType())) for offset in factor_offsets]
                for p in range(P):
                    value = emit.load(emit.add(sources[p], source))
                    for f in range(F):
                        slot = accumulators[f * P + p]
                        builder.store(emit.fma(factors[f], value, builder.load(slot)), slot)
            builder.store(emit.add(shift, x_step), channel_x)
            builder.store(emit.add(base, weight_step), channel_weight)
        floor = emit.splat(lower)
        if pooled:
            bits = [emit.add(mask, emit.offset(emit.add(pixel_table, 12 * p + 8))) for p in range(0, P, pooled)]
            row = y_offsets
            for f in range(F):
                with builder.if_then(builder.icmp_signed("<", emit.constant(f), valid)):
                    for window, place in enumerate(bits):
                        first = window * pooled
                        values = [builder.load(accumulators[f * P + first + tap]) for tap in range(pooled)]
                        largest = emit.largest(values, place if keeps_winners else None)
                        emit.store(emit.at_least(largest, floor), row[first])
                row = [emit.add(address, y_step) for address in row]
                bits = [emit.add(address, mask_step) for address in bits]
            return context.get_dummy_value()
        masked = builder.icmp_signed("!=", mask, emit.constant(0))
        with builder.if_then(masked):
            zero = ir.Constant(emit.vector, [0.0] * L)
            row = [emit.add(mask, emit.offset(emit.add(pixel_table, 12 * p + 8))) for p in range(P)]
            for f in range(F):
                with builder.if_then(builder.icmp_signed("<", emit.constant(f), valid)):
                    for p in range(P):
                        slot = accumulators[f * P + p]
                        # Unordered, so that not-a-number passes the gradient on, as in PyTorch.
                        positive = builder.fcmp_unordered(">", emit.load(row[p]), zero)
                        builder.store(builder.select(positive, builder.load(slot), zero), slot)
                row = [emit.add(address, mask_step) for address in row]
        row = y_offsets
        for f in range(F):
            with builder.if_then(builder.icmp_signed("<", emit.constant(f), valid)):
                for p in range(P):
                    emit.store(emit.at_least(builder.load(accumulators[f * P + p]), floor), row[p])
            row = [emit.add(address, y_step) for address in row]
        return context.get_dummy_value()

    return signature, codegen


def _correlate(
    emit, accumulators, F, T, x, tap_table, dy, dy_step, positions, position_count, valid_filters, ahead=None
):
    """Emit the loop over positions that adds products of `F` rows of dy and `T` taps of x to the accumulators.

    At each position one of the lines is asked for that lie one after the other from address `ahead` on.
    """
    builder = emit.builder
    sources = [emit.add(x, emit.offset(emit.add(tap_table, 4 * t))) for t in range(T)]
    gradients = [dy]
    for f in range(1, F):
        # Rows beyond the last filter read that filter again: nothing lies behind it.
        exists = builder.icmp_signed("<", emit.constant(f), valid_filters)
        gradients.append(emit.add(gradients[-1], builder.select(exists, dy_step, emit.constant(0))))
    end = emit.add(positions, builder.mul(position_count, emit.constant(8)))
    with cgutils.for_range_slice(builder, positions, end, emit.constant(8), intp=ir.IntType(64)) as (position, _):
        x_offset = emit.offset(position)
        dy_offset = emit.offset(emit.add(position, 4))
        if ahead is not None:
            passed = builder.udiv(builder.sub(position, positions), emit.constant(8))
            emit.prefetch(emit.add(ahead, builder.mul(passed, emit.constant(4 * emit.lanes))))
        deltas = [emit.load(emit.add(pointer, dy_offset)) for pointer in gradients]
        for t in range(T):
            value = emit.load(emit.add(sources[t], x_offset))
            for f in range(F):
                slot = accumulators[f * T + t]
                builder.store(emit.fma(deltas[f], value, builder.load(slot)), slot)


@intrinsic(prefer_literal=True)
def correlation_tile(
    typing_context,
    lanes,
    filters,
    taps,
    x,
    tap_table,
    dy,
    dy_step,
    positions,
    position_count,
    result,
    result_step,
    valid_filters,
    valid_taps,
    add,
):
    """Sum `filters x taps` products of dy and x over a list of positions and all lanes.

    `positions` holds for each pixel the byte offsets into x and dy, `tap_table` the byte offset of each tap into x.
    """
    L, F, T = lanes.literal_value, filters.literal_value, taps.literal_value
    signature = types.void(lanes, filters, taps, *[types.int64] * 11)

    def codegen(context, builder, signature, arguments):
        (x, tap_table, dy, dy_step, positions, position_count, result, result_step, valid_filters, valid_taps, add) = (
            arguments[3:]
        )
        emit = Emitter(builder, L)
        accumulators = emit.variables(F * T)
        zero = ir.Constant(emit.vector, [0.0] * L)
        for slot in accumulators:
            builder.store(zero, slot)
        _correlate(emit, accumulators, F, T, x, tap_table, dy, dy_step, positions, position_count, valid_filters)
        # Tried: all sums at once, merging vectors two by two with shuffles. On 4x4 maps it gained a fifth, but LLVM
        # then spills accumulators in the loop above, even with the merging in a function of its own, and the weight
        # gradient of benchmarks/convolutions.py at 64->64 lost a fifth.
        reduce = declare(builder, f"llvm.vector.reduce.fadd.v{L}f32", ir.FloatType(), [ir.FloatType(), emit.vector])
        accumulate = builder.icmp_signed("!=", add, emit.constant(0))
        row = result
        for f in range(F):
            with builder.if_then(builder.icmp_signed("<", emit.constant(f), valid_filters)):
                for t in range(T):
                    with builder.if_then(builder.icmp_signed("<", emit.constant(t), valid_taps)):
                        total = builder.call(
                            reduce,
                            [ir.Constant(ir.FloatType(), 0.0), builder.load(accumulators[f * T + t])],
                            fastmath=("reassoc",),
                        )
                        address = emit.add(row, 4 * t)
                        before = builder.select(
                            accumulate, emit.load(address, ir.FloatType()), ir.Constant(ir.FloatType(), 0.0)
                        )
                        emit.store(builder.fadd(before, total), address)
            row = emit.add(row, result_step)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic(prefer_literal=True)
def correlation_sums(
    typing_context,
    lanes,
    filters,
    taps,
    x,
    tap_table,
    dy,
    dy_step,
    positions,
    position_count,
    sums,
    sums_step,
    valid_filters,
    resume,
    ahead,
):
    """Add what `correlation_tile` sums to vectors in memory, lanes apart, or begin them where `resume` is 0.

    As many vectors as there are positions, from address `ahead` on, are asked for, because they are needed soon.
    Tap t of row f lies at `sums` + f * `sums_step` + t * 4 * lanes. All rows and taps of the tile are written.
    """
    L, F, T = lanes.literal_value, filters.literal_value, taps.literal_value
    signature = types.void(lanes, filters, taps, *[types.int64] * 11)

    def codegen(context, builder, signature, arguments):
        x, tap_table, dy, dy_step, positions, position_count, sums, sums_step, valid_filters, resume, ahead = arguments[
            3:
        ]
        emit = Emitter(builder, L)
        accumulators = emit.variables(F * T)
        zero = ir.Constant(emit.vector, [0.0] * L)
        places: list[Any] = []
        for f in range(F):
            row = emit.add(sums, builder.mul(sums_step, emit.constant(f)))
            places.extend(emit.add(row, 4 * L * t) for t in range(T))
        with builder.if_else(builder.icmp_signed("!=", resume, emit.constant(0))) as (then, otherwise):
            with then:
                for place, slot in zip(places, accumulators, strict=True):
                    builder.store(emit.load(place), slot)
            with otherwise:
                for slot in accumulators:
                    builder.store(zero, slot)
        _correlate(emit, accumulators, F, T, x, tap_table, dy, dy_step, positions, position_count, valid_filters, ahead)
        for place, slot in zip(places, accumulators, strict=True):
            emit.store(builder.load(slot), place)
        return context.get_dummy_value()

    return signature, codegen
