"""Squares of lanes x lanes numbers turned over in registers, or summed along rows, by networks of shuffles."""

from typing import Any

from nbcnn.kernels.cpu.language.later import intrinsic, ir, types
from nbcnn.kernels.cpu.language.vector import Vector, repeat


def _turned_over(builder: Any, values: list[Any]) -> list[Any]:
    """The columns of a square whose rows are vectors."""
    values, count = list(values), len(values)
    distance = 1
    while distance < count:
        # Rows `distance` apart exchange the halves of every group of 2 * distance numbers.
        first = [j if not j & distance else count + j - distance for j in range(count)]
        second = [j + distance if not j & distance else count + j for j in range(count)]
        for number in range(count):
            if not number & distance:
                a, b = values[number], values[number + distance]
                masks = [ir.Constant(ir.VectorType(ir.IntType(32), count), order) for order in (first, second)]
                values[number] = builder.shuffle_vector(a, b, masks[0])
                values[number + distance] = builder.shuffle_vector(a, b, masks[1])
        distance *= 2
    return values


@intrinsic(prefer_literal=True)
def transpose_vectors(typing_context, lanes, source, source_step, count, target, target_step):
    """Write the columns of a square of rows `source_step` apart; those from `count` on repeat the last."""
    size = lanes.literal_value

    def codegen(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        _, source, source_step, count, target, target_step = arguments
        word, vector = ir.IntType(64), ir.VectorType(ir.FloatType(), size)
        rows = []
        for number in range(size):
            if number:
                step = builder.select(builder.icmp_signed("<", word(number), count), source_step, word(0))
                source = builder.add(source, step)
            rows.append(builder.load(builder.inttoptr(source, vector.as_pointer()), align=4))
        for value in _turned_over(builder, rows):
            builder.store(value, builder.inttoptr(target, vector.as_pointer()), align=4)
            target = builder.add(target, target_step)
        return context.get_dummy_value()

    return types.void(lanes, *[types.int64] * 5), codegen


@intrinsic(prefer_literal=True)
def transpose_square(typing_context, lanes, rows, row_offset, as_bytes, factor, shift, target, target_step):
    """Read `lanes` numbers from each of `lanes` rows, take number * factor + shift, and write column by column.

    `rows` is the address of one 64-bit address a row, to each of which `row_offset` is added; the rows hold bytes where
    `as_bytes` is 1 and float32 where it is 0. Column c goes to `target` + c * `target_step`.
    """
    count, is_bytes = lanes.literal_value, bool(as_bytes.literal_value)
    signature = types.void(
        lanes, types.int64, types.int64, as_bytes, types.float32, types.float32, types.int64, types.int64
    )

    def codegen(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        _, rows, row_offset, _, factor, shift, target, target_step = arguments
        word = ir.IntType(64)
        vector = ir.VectorType(ir.FloatType(), count)
        source = ir.VectorType(ir.IntType(8), count) if is_bytes else vector

        def at(address: Any, kind: Any) -> Any:
            return builder.inttoptr(address, kind.as_pointer())

        factors, shifts = repeat(builder, count, factor), repeat(builder, count, shift)
        values = []
        for number in range(count):
            address = builder.load(at(builder.add(rows, word(8 * number)), word), align=8)
            value = builder.load(at(builder.add(address, row_offset), source), align=1 if is_bytes else 4)
            if is_bytes:
                value = builder.uitofp(value, vector)
            values.append(builder.fadd(builder.fmul(value, factors), shifts))
        values = _turned_over(builder, values)
        for value in values:
            builder.store(value, at(target, vector), align=4)
            target = builder.add(target, target_step)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic(prefer_literal=True)
def sums_of(typing_context, lanes, source):
    """The sums over lanes of `lanes` vectors that lie one behind the other, in the lanes of one vector."""
    count = lanes.literal_value

    def codegen(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        word, index = ir.IntType(64), ir.IntType(32)
        vector = ir.VectorType(ir.FloatType(), count)
        values = []
        for number in range(count):
            address = builder.add(arguments[1], word(4 * count * number))
            values.append(builder.load(builder.inttoptr(address, vector.as_pointer()), align=4))
        distance = count // 2
        while distance:
            # Of two vectors, each is left with half as many numbers a sum; the first has its sums where a bit of the
            # lane's number is 0, the second where it is 1. The last bit decides first, so that vector n ends in lane n.
            bit = count // 2 // distance
            low = [j if not j & bit else count + j - bit for j in range(count)]
            high = [j + bit if not j & bit else count + j for j in range(count)]
            masks = [ir.Constant(ir.VectorType(index, count), order) for order in (low, high)]
            values = [
                builder.fadd(builder.shuffle_vector(a, b, masks[0]), builder.shuffle_vector(a, b, masks[1]))
                for a, b in zip(values[::2], values[1::2], strict=True)
            ]
            distance //= 2
        return values[0]

    return Vector(count)(lanes, types.int64), codegen
