"""How a compiled kernel reads its row of the table: addresses, whole numbers and real numbers, by position.

A row is the kernel's address followed by three words an argument: a base and what one block and one worker add to it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

WORDS_PER_ARGUMENT = 3

# What every kernel's factory returns: a function of the arena's address, its row's, the block or part, and the worker.
Body = Callable[[int, int, int, int], None]


def _reader(name: str, kind: Any, result: Any) -> Any:
    @intrinsic
    def read(typing_context, address):
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return builder.load(builder.inttoptr(args[0], kind.as_pointer()), align=1)

        return result(types.int64), codegen

    read.__doc__ = f"Read one {name} at a byte address."
    return read


def _writer(name: str, kind: Any, operand: Any) -> Any:
    @intrinsic
    def write(typing_context, value, address):
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            builder.store(args[0], builder.inttoptr(args[1], kind.as_pointer()), align=1)
            return context.get_dummy_value()

        return types.void(operand, types.int64), codegen

    write.__doc__ = f"Write one {name} at a byte address."
    return write


read_word = _reader("64-bit integer", ir.IntType(64), types.int64)
read_index = _reader("32-bit integer", ir.IntType(32), types.int32)
read_byte = _reader("unsigned byte", ir.IntType(8), types.uint8)
read_float = _reader("float32", ir.FloatType(), types.float32)
read_double = _reader("float64", ir.DoubleType(), types.float64)
write_word = _writer("64-bit integer", ir.IntType(64), types.int64)
write_float = _writer("float32", ir.FloatType(), types.float32)
write_unsigned = _writer("unsigned 32-bit integer", ir.IntType(32), types.uint32)
read_unsigned = _reader("unsigned 32-bit integer", ir.IntType(32), types.uint32)


@njit
def address(arena: int, row: int, argument: int, index: int, slot: int) -> Any:
    """The address of a buffer for this block (or part) and this worker."""
    word = row + 8 + 24 * argument
    return arena + read_word(word) + read_word(word + 8) * index + read_word(word + 16) * slot


@njit
def integer(row: int, argument: int) -> Any:
    return read_word(row + 8 + 24 * argument)


@njit
def real(row: int, argument: int) -> Any:
    return np.float32(read_double(row + 8 + 24 * argument))
