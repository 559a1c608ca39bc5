"""Squares of lanes x lanes numbers turned over in registers, by a network of shuffles."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from nbcnn.kernels.cpu.vector import repeat


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
        word, index = ir.IntType(64), ir.IntType(32)
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
        distance = 1
        while distance < count:
            # Rows `distance` apart exchange the halves of every group of 2 * distance numbers.
            first = [j if not j & distance else count + j - distance for j in range(count)]
            second = [j + distance if not j & distance else count + j for j in range(count)]
            for number in range(count):
                if not number & distance:
                    a, b = values[number], values[number + distance]
                    masks = [ir.Constant(ir.VectorType(index, count), order) for order in (first, second)]
                    values[number] = builder.shuffle_vector(a, b, masks[0])
                    values[number + distance] = builder.shuffle_vector(a, b, masks[1])
            distance *= 2
        for value in values:
            builder.store(value, at(target, vector), align=4)
            target = builder.add(target, target_step)
        return context.get_dummy_value()

    return signature, codegen
