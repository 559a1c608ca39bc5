"""The one compiled function that runs every plan: phases in turn, the tasks of a phase in parallel."""

import contextlib
import os
from functools import lru_cache
from importlib import import_module
from typing import Any

from llvmlite import ir
from numba import get_thread_id, njit, prange, types
from numba.core import cgutils
from numba.extending import intrinsic

from nbcnn.kernels.cpu.compiling import cached, note_digests
from nbcnn.kernels.cpu.row import read_word
from nbcnn.kernels.cpu.vector import declare


@intrinsic
def _call(typing_context, kernel, arena, row, index, slot):
    """Call the kernel at an address."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        word = ir.IntType(64)
        kind = ir.FunctionType(ir.VoidType(), [word] * 4)
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), codegen


_DENORMALS_ARE_ZERO_AND_FLUSH = 0x8040  # bits 6 and 15 of the SSE control register


@intrinsic
def _flush_denormals(typing_context):
    """Treat numbers below 1.2e-38 as zero on this thread, and return the setting to restore.

    A gradient that has died out leaves running averages that shrink into denormal numbers, on which a processor is a
    hundred times slower. Elsewhere than on x86 nothing is changed.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        word = ir.IntType(32)
        if not _is_x86(builder):
            return ir.Constant(word, 0)
        before = cgutils.alloca_once(builder, word)
        builder.call(_control_register(builder, "st"), [builder.bitcast(before, ir.IntType(8).as_pointer())])
        after = cgutils.alloca_once_value(
            builder, builder.or_(builder.load(before), ir.Constant(word, _DENORMALS_ARE_ZERO_AND_FLUSH))
        )
        builder.call(_control_register(builder, "ld"), [builder.bitcast(after, ir.IntType(8).as_pointer())])
        return builder.load(before)

    return types.uint32(), codegen


@intrinsic
def _restore_denormals(typing_context, setting):
    """Undo `_flush_denormals`."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if _is_x86(builder):
            place = cgutils.alloca_once_value(builder, args[0])
            builder.call(_control_register(builder, "ld"), [builder.bitcast(place, ir.IntType(8).as_pointer())])
        return context.get_dummy_value()

    return types.void(types.uint32), codegen


def _is_x86(builder: Any) -> bool:
    return str(builder.module.triple).startswith(("x86_64", "amd64", "i686"))


def _control_register(builder: Any, verb: str) -> Any:
    return declare(builder, f"llvm.x86.sse.{verb}mxcsr", ir.VoidType(), [ir.IntType(8).as_pointer()])


def _walk(arena, table, row_bytes, phases, tasks, blocks):
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
            setting = _flush_denormals()
            for index in range(begin, end):
                for line in range(tasks[task, 0], tasks[task, 1]):
                    row = table + line * row_bytes
                    _call(read_word(row), arena, row, index, slot)
            _restore_denormals(setting)


# How long a worker that waits for the others burns its core before it sleeps, in turns of libgomp's waiting loop. Its
# own default, 300,000, makes a short step dozens of times slower beside a busy process (try `python -c "while True:
# pass"` beside benchmarks/fashion.py with either setting), because that process gets no core while we wait.
_SPINS = "10000"


def _load_threads() -> None:
    """Load the OpenMP threading layer with `_SPINS`, leaving the environment as it was; it reads it while loading."""
    if "GOMP_SPINCOUNT" in os.environ or "OMP_WAIT_POLICY" in os.environ:
        return
    os.environ["GOMP_SPINCOUNT"] = _SPINS
    # Without OpenMP on the machine, Numba chooses another layer by itself.
    with contextlib.suppress(ImportError):
        import_module("numba.np.ufunc.omppool")
    del os.environ["GOMP_SPINCOUNT"]


@lru_cache(maxsize=1)
def walker() -> Any:
    """The compiled walker, from the cache on disk where it is there."""
    signature = "void(int64,int64,int64,int64[:,::1],int64[:,::1],int64)"
    _load_threads()
    compiled = cached("walker", njit, signature, parallel=True, nogil=True)(_walk)
    note_digests()
    return compiled
