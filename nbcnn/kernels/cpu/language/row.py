"""How a compiled kernel reads its row of the table: addresses, whole numbers and real numbers, by position.

A row is the kernel's address followed by three words an argument: a base and what one block and one worker add to it.
"""

from collections.abc import Callable
from typing import Any

from nbcnn.kernels.cpu.language.later import intrinsic, ir, types

WORDS_PER_ARGUMENT = 3

# What every kernel's factory returns: a function of the arena's address, its row's, the block or part, and the worker.
Body = Callable[[int, int, int, int], None]


def _reader(name: str, kind: str) -> Any:
    @intrinsic
    def read(typing_context, address):
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            pointer = context.get_value_type(sig.return_type).as_pointer()
            return builder.load(builder.inttoptr(args[0], pointer), align=1)

        return getattr(types, kind)(types.int64), codegen

    read.__doc__ = f"Read one {name} at a byte address."
    return read


def _writer(name: str, kind: str) -> Any:
    @intrinsic
    def write(typing_context, value, address):
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            builder.store(args[0], builder.inttoptr(args[1], args[0].type.as_pointer()), align=1)
            return context.get_dummy_value()

        return types.void(getattr(types, kind), types.int64), codegen

    write.__doc__ = f"Write one {name} at a byte address."
    return write


read_word = _reader("64-bit integer", "int64")
read_index = _reader("32-bit integer", "int32")
read_byte = _reader("unsigned byte", "uint8")
read_float = _reader("float32", "float32")
write_word = _writer("64-bit integer", "int64")
write_float = _writer("float32", "float32")
write_unsigned = _writer("unsigned 32-bit integer", "uint32")
read_unsigned = _reader("unsigned 32-bit integer", "uint32")


@intrinsic(prefer_literal=True)
def arguments(typing_context, kinds, arena, row, index, slot):
    """All arguments of a row as a tuple; `kinds` has one letter for each of them, in the order of the call.

    b: the address of a buffer for this block (or part) and this worker. i: a whole number. r: a real number, float32.
    w and d: a word of the state that the caller sets at each run, a 64-bit integer and a float64.
    """
    letters = kinds.literal_value
    results = {"b": types.int64, "i": types.int64, "r": types.float32, "w": types.int64, "d": types.float64}
    result = types.BaseTuple.from_types([results[letter] for letter in letters])
    word, real, double = ir.IntType(64), ir.FloatType(), ir.DoubleType()

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        _, arena, row, index, slot = args

        def read(address: Any, kind: Any = word) -> Any:
            return builder.load(builder.inttoptr(address, kind.as_pointer()), align=8)

        def argument(number: int, letter: str) -> Any:
            place = builder.add(row, word(8 + 8 * WORDS_PER_ARGUMENT * number))
            if letter == "i":
                return read(place)
            if letter == "r":
                return builder.fptrunc(read(place, double), real)
            base, block, worker = (read(builder.add(place, word(8 * step))) for step in range(3))
            address = builder.add(
                builder.add(arena, base), builder.add(builder.mul(block, index), builder.mul(worker, slot))
            )
            if letter == "b":
                return address
            return read(address, double if letter == "d" else word)

        values = [argument(number, letter) for number, letter in enumerate(letters)]
        return context.make_tuple(builder, result, values)

    return result(kinds, *[types.int64] * 4), codegen
