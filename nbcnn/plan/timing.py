"""How long each call of a plan takes: a copy of its table with a kernel in every row that calls another between clocks.

The walker is the one that always runs. A row of the timed table holds, before what the walker and the kernels read,
the kernel that is to be timed and where its time is added up, one sum a worker.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, c_int64
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from nbcnn.kernels.cpu.compiling.compiling import address_of, compile_all
from nbcnn.kernels.cpu.language.row import Body, read_word, write_word
from nbcnn.kernels.cpu.language.vector import declare
from nbcnn.kernels.cpu.program.calls import Kernel
from nbcnn.plan.plan import Plan
from nbcnn.plan.walker import call_kernel

# Words before a timed row: the kernel's address, where worker 0 adds up its time, bytes from one worker's to the next.
_WORDS_BEFORE = 3
_BYTES_BEFORE = 8 * _WORDS_BEFORE
_CACHE_LINE = 64


@intrinsic
def _read_counter(typing_context):
    """The processor's counter of time: it counts at a steady rate on every core, and costs next to nothing to read."""

    return types.int64(), lambda context, builder, sig, args: counter_value(builder)


def counter_value(builder: Any) -> Any:
    """LLVM's code for reading the counter, on the machine that the builder's module is for."""
    word = ir.IntType(64)
    if not str(builder.module.triple).startswith(("aarch64", "arm64")):
        return builder.call(declare(builder, "llvm.readcyclecounter", word, []), [])
    # There some versions of LLVM take the counter of cycles for another one, which only the operating system may read.
    name = builder.module.add_metadata([ir.MetaDataString(builder.module, "cntvct_el0")])
    return builder.call(declare(builder, "llvm.read_volatile_register.i64", word, [ir.MetaDataType()]), [name])


def timed() -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        begin = _read_counter()
        call_kernel(read_word(row - _BYTES_BEFORE), arena, row, index, slot)
        place = read_word(row - _BYTES_BEFORE + 8) + slot * read_word(row - _BYTES_BEFORE + 16)
        write_word(read_word(place) + _read_counter() - begin, place)

    return body


def clock() -> Body:
    def body(place: int, row: int, index: int, slot: int) -> None:
        write_word(_read_counter(), place)

    return body


_TIMED, _CLOCK = Kernel(timed, ()), Kernel(clock, ())


class Timer:
    """Adds up the time of each call of `plan`, in the order of its program's calls, while it is `running`."""

    def __init__(self, plan: Plan) -> None:
        compile_all([_TIMED, _CLOCK])
        self._plan = plan
        rows, width = plan.table.shape
        line = -(-8 * rows // _CACHE_LINE) * _CACHE_LINE
        # A line more between workers than their sums need: they never write into the same one.
        self._ticks = np.zeros((plan.workers, (line + _CACHE_LINE) // 8), dtype=np.int64)
        self._table = np.empty((rows, _WORDS_BEFORE + width), dtype=np.int64)
        self._table[:, _WORDS_BEFORE:] = plan.table
        self._table[:, 0] = plan.table[:, 0]
        self._table[:, 1] = self._ticks.ctypes.data + 8 * np.arange(rows)
        self._table[:, 2] = self._ticks.strides[0]
        self._table[:, _WORDS_BEFORE] = address_of(_TIMED)
        self._nanoseconds = self._counted = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Runs of the plan inside the block are timed."""
        table = self._plan.table
        self._plan.table = self._table[:, _WORDS_BEFORE:]
        begin, counted = time.perf_counter_ns(), _counter()
        try:
            yield
        finally:
            self._nanoseconds += time.perf_counter_ns() - begin
            self._counted += _counter() - counted
            self._plan.table = table

    @property
    def seconds(self) -> NDArray[np.float64]:
        """By call, the time of all runs and workers so far."""
        ticks = self._ticks[:, : len(self._table)].sum(axis=0, dtype=np.float64)
        return np.asarray(ticks * (1e-9 * self._nanoseconds / max(1, self._counted)))


def _counter() -> int:
    place = np.zeros(1, dtype=np.int64)
    CFUNCTYPE(None, *[c_int64] * 4)(address_of(_CLOCK))(place.ctypes.data, 0, 0, 0)
    return int(place[0])
