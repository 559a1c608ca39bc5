"""The register tile for products of bytes, emitted as LLVM IR: vectors of output channels times pixels.

It walks the tables of `by_channel.tile.channel_tile`; a step takes words of four input channels where that takes one.
"""

from functools import lru_cache

from llvmlite import ir

from nbcnn.kernels.cpu.language.later import cgutils, intrinsic, types
from nbcnn.kernels.cpu.language.vector import declare, repeat
from nbcnn.kernels.cpu.products.tile import Emitter
from nbcnn.kernels.cpu.quantised.rounding import nearest_bytes, store_whole

_I64 = ir.IntType(64)
_I32 = ir.IntType(32)


@lru_cache(maxsize=1)
def has_instruction() -> bool:
    """Whether this processor has AVX-512 VNNI: one instruction that adds the four products of bytes of every word."""
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    return bool(features.get("avx512vnni") and features.get("avx512vl"))


class _Products:
    """Adds to words of sums, lane by lane, the products of four unsigned bytes with four signed ones."""

    def __init__(self, builder, lanes, by_instruction):
        self.builder = builder
        self.lanes = lanes
        self.kind = ir.VectorType(_I32, lanes)
        self._instruction = None
        if by_instruction:
            name = f"llvm.x86.avx512.vpdpbusd.{32 * lanes}"
            self._instruction = declare(builder, name, self.kind, [self.kind] * 3)

    def _amount(self, value):
        return ir.Constant(self.kind, [value] * self.lanes)

    def unsigned(self, words):
        """A word's bytes as they are multiplied."""
        if self._instruction:
            return words
        builder = self.builder
        return [builder.and_(builder.lshr(words, self._amount(8 * n)), self._amount(255)) for n in range(4)]

    def signed(self, words):
        """The same for signed bytes."""
        if self._instruction:
            return words
        builder = self.builder
        return [builder.ashr(builder.shl(words, self._amount(24 - 8 * n)), self._amount(24)) for n in range(4)]

    def add(self, sums, unsigned, signed):
        if self._instruction:
            return self.builder.call(self._instruction, [sums, unsigned, signed])
        for one, other in zip(unsigned, signed, strict=True):
            sums = self.builder.add(sums, self.builder.mul(one, other))
        return sums


@intrinsic(prefer_literal=True)
def byte_tile(
    typing_context,
    lanes,
    vectors,
    pixels,
    by_instruction,
    to_bytes,
    x,
    x_block,
    weight,
    weight_block,
    blocks,
    words,
    last_words,
    pixel_table,
    taps,
    tap_count,
    bias,
    factors,
    y,
    y_step,
    valid,
    bound,
):
    """Sum `vectors x pixels` outputs over blocks of input channels and taps, scale and store them.

    A block has `words` words of four channels, the last one `last_words`. Weights lie as [block][tap][word][vector]
    [lane][channel]. `pixel_table` holds for each pixel the byte offsets of its input, its output and its bias; `taps`
    for each tap those into the input and a block's weights. Sums, times a factor for each output, become bytes with
    zero point `bound` where `to_bytes`, and else float32 of at least `bound`.
    """
    L, V, P = lanes.literal_value, vectors.literal_value, pixels.literal_value
    stores_bytes = bool(to_bytes.literal_value)
    signature = types.void(lanes, vectors, pixels, by_instruction, to_bytes, *[types.int64] * 15, types.float32)

    def codegen(context, builder, signature, arguments):
        (
            x,
            x_block,
            weight,
            weight_block,
            blocks,
            words,
            last_words,
            pixel_table,
            taps,
            tap_count,
            bias,
            factors,
            y,
            y_step,
            valid,
            bound,
        ) = arguments[5:]
        emit = Emitter(builder, L)
        products = _Products(builder, L, bool(by_instruction.literal_value))
        sums = [cgutils.alloca_once(builder, products.kind) for _ in range(V * P)]

        def column(number):
            return [emit.offset(emit.add(pixel_table, 12 * p + 4 * number)) for p in range(P)]

        sources = [emit.add(x, offset) for offset in column(0)]
        for p, offset in enumerate(column(2)):
            for v in range(V):
                start = emit.load(emit.add(emit.add(bias, offset), 4 * L * v), products.kind)
                builder.store(start, sums[v * P + p])
        x_shift = cgutils.alloca_once_value(builder, emit.constant(0))
        weights = cgutils.alloca_once_value(builder, weight)
        source = cgutils.alloca_once(builder, _I64)
        row = cgutils.alloca_once(builder, _I64)
        taps_end = emit.add(taps, builder.mul(tap_count, emit.constant(8)))
        last = builder.sub(blocks, emit.constant(1))
        with cgutils.for_range(builder, blocks) as block:
            count = builder.select(builder.icmp_signed("==", block.index, last), last_words, words)
            bytes_of_row = builder.mul(count, emit.constant(4 * L * V))
            with cgutils.for_range_slice(builder, taps, taps_end, emit.constant(8), intp=_I64) as (tap, _):
                builder.store(builder.add(builder.load(x_shift), emit.offset(tap)), source)
                first = builder.add(builder.load(weights), emit.offset(emit.add(tap, 4)))
                end = builder.add(first, bytes_of_row)
                builder.store(first, row)
                loop = builder.append_basic_block("words")
                after = builder.append_basic_block("words.end")
                builder.branch(loop)
                builder.position_at_end(loop)
                here, offset = emit.opaque(builder.load(row)), emit.opaque(builder.load(source))
                signed = [products.signed(emit.load(emit.add(here, 4 * L * v), products.kind)) for v in range(V)]
                for p in range(P):
                    pointer = builder.inttoptr(emit.add(sources[p], offset), _I32.as_pointer())
                    word = builder.load(pointer, align=1)
                    unsigned = products.unsigned(repeat(builder, L, word))
                    for v in range(V):
                        slot = sums[v * P + p]
                        builder.store(products.add(builder.load(slot), unsigned, signed[v]), slot)
                following = emit.add(here, 4 * L * V)
                builder.store(following, row)
                builder.store(emit.add(offset, 4), source)
                builder.cbranch(builder.icmp_unsigned("<", following, end), loop, after)
                builder.position_at_end(after)
            builder.store(builder.add(builder.load(x_shift), x_block), x_shift)
            builder.store(builder.add(builder.load(weights), weight_block), weights)
        targets = [emit.add(y, offset) for offset in column(1)]
        for v in range(V):
            with builder.if_then(builder.icmp_signed("<", emit.constant(v), valid)):
                shift = builder.mul(y_step, emit.constant(v))
                factor = emit.load(emit.add(factors, 4 * L * v))
                for p in range(P):
                    value = builder.fmul(builder.sitofp(builder.load(sums[v * P + p]), emit.vector), factor)
                    place = emit.add(targets[p], shift)
                    if stores_bytes:
                        store_whole(builder, nearest_bytes(builder, value, bound), place)
                    else:
                        floor = emit.splat(bound)
                        emit.store(builder.select(builder.fcmp_ordered("<", value, floor), floor, value), place)
        return context.get_dummy_value()

    return signature, codegen
