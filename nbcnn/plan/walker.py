"""The one compiled function that runs every plan: phases in turn, the tasks of a phase in parallel."""

from functools import lru_cache
from typing import Any

from llvmlite import ir
from numba import get_thread_id, njit, prange, types
from numba.extending import intrinsic

from nbcnn.kernels.cpu.compiling import cached
from nbcnn.kernels.cpu.row import read_word


@intrinsic
def _call(typing_context, kernel, arena, row, index, slot):  # type: ignore[no-untyped-def]
    """Call the kernel at an address."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        word = ir.IntType(64)
        kind = ir.FunctionType(ir.VoidType(), [word] * 4)
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), codegen


def _walk(arena, table, row_bytes, phases, tasks, blocks):  # type: ignore[no-untyped-def]
    """Run all phases over `blocks` blocks.

    A phase (first task, task count, blocks per task) with blocks per task above 0 has one task, which is run for each
    range of that many blocks; otherwise each task (first row, last row, index) is run once.
    """
    for phase in range(phases.shape[0]):
        first = phases[phase, 0]
        count = phases[phase, 1]
        span = phases[phase, 2]
        if span > 0:
            count = (blocks + span - 1) // span
        for number in prange(count):
            slot = get_thread_id()
            task = first
            begin = number * span
            end = min(begin + span, blocks)
            if span == 0:
                task = first + number
                begin = tasks[task, 2]
                end = begin + 1
            for index in range(begin, end):
                for line in range(tasks[task, 0], tasks[task, 1]):
                    row = table + line * row_bytes
                    _call(read_word(row), arena, row, index, slot)


@lru_cache(maxsize=1)
def walker() -> Any:
    """The compiled walker, from the cache on disk where it is there."""
    signature = "void(int64,int64,int64,int64[:,::1],int64[:,::1],int64)"
    return cached(njit, signature, parallel=True, nogil=True)(_walk)
