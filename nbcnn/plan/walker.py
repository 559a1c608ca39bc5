"""The one compiled function that runs every plan: phases in turn, the tasks of a phase in parallel."""

import os
from functools import lru_cache
from typing import Any

from llvmlite import ir
from numba import prange, types
from numba.core import cgutils
from numba.extending import intrinsic

from nbcnn.kernels.cpu.compiling.cache import cached_function
from nbcnn.kernels.cpu.language.row import read_word
from nbcnn.kernels.cpu.language.vector import declare
from nbcnn.kernels.cpu.program.program import NOT_FINITE, STATE_WORDS
from nbcnn.machine.cores import thread_count


@intrinsic
def call_kernel(typing_context, kernel, arena, row, index, slot):
    """Call the kernel at an address."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        word = ir.IntType(64)
        kind = ir.FunctionType(ir.VoidType(), [word] * 4)
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), codegen


# Where the arena has the word that a number which is not finite sets.
_HELD_BACK = 8 * STATE_WORDS.index(NOT_FINITE)

_DENORMALS_ARE_ZERO_AND_FLUSH = 0x8040  # bits 6 and 15 of the SSE control register


@intrinsic
def flush_denormals(typing_context):
    """Treat numbers below 1.2e-38 as zero on this thread, and return the setting to restore.

    A gradient that has died out leaves running averages that shrink into denormal numbers, on which a processor is a
    hundred times slower. Elsewhere than on x86 nothing is changed.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        word = ir.IntType(32)
        if not is_x86(builder):
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
def restore_denormals(typing_context, setting):
    """Undo `flush_denormals`."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if is_x86(builder):
            place = cgutils.alloca_once_value(builder, args[0])
            builder.call(_control_register(builder, "ld"), [builder.bitcast(place, ir.IntType(8).as_pointer())])
        return context.get_dummy_value()

    return types.void(types.uint32), codegen


def is_x86(builder: Any) -> bool:
    return str(builder.module.triple).startswith(("x86_64", "amd64", "i686"))


def _control_register(builder: Any, verb: str) -> Any:
    return declare(builder, f"llvm.x86.sse.{verb}mxcsr", ir.VoidType(), [ir.IntType(8).as_pointer()])


@intrinsic
def _count_up(typing_context, counter, number):
    """Add to the counter at an address, which other threads count at too, and return what it was before."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        word = ir.IntType(64)
        return builder.atomic_rmw("add", builder.inttoptr(args[0], word.as_pointer()), args[1], "acq_rel")

    return types.int64(types.int64, types.int64), codegen


@intrinsic
def _see(typing_context, counter):
    """Read a counter, and with it all that was written before it was counted up."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load_atomic(builder.inttoptr(args[0], ir.IntType(64).as_pointer()), "acquire", 8)

    return types.int64(types.int64), codegen


@intrinsic
def _pause(typing_context):
    """Tell the processor that this thread waits for another one."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if is_x86(builder):
            builder.call(declare(builder, "llvm.x86.sse2.pause", ir.VoidType(), []), [])
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def _give_way(typing_context):
    """Let another thread have this core for a while, where the operating system has a call for it."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if os.name == "posix":
            builder.call(declare(builder, "sched_yield", ir.IntType(32), []), [])
        return context.get_dummy_value()

    return types.void(), codegen


# Turns of waiting after which a thread gives way: some 20 microseconds. What it waits for may need its core.
_PATIENCE = 500


def _walk(arena, table, row_bytes, phases, tasks, counters, blocks, workers):
    """Run all phases over `blocks` blocks on `workers` threads.

    A phase is (first task, task count, span, tails, tail, held). With a span above 0 its one task, a range of rows, is
    run for each range of that many blocks. With `tails` above 0 the blocks that are left when each worker has had as
    many as the others, if these are no more than `tails`, are not among them: the phases behind it are theirs, `tail` 0
    and above, whose tasks the workers share. Each task (first row, last row, index) of any other phase, with a tail of
    -1, is run once. With `held` above 0 a phase is left out where the state's word says so.

    `counters` has a row for what is done in each phase, and one for each worker: what is taken of its tasks. A worker
    begins with the tasks that are its own, the same in every run, because what they read is still near its core; then
    it takes those that others have left. Nobody begins a phase before all tasks of the one before are done. So it does
    not matter how many threads come, or when.
    """
    counters[:] = 0
    start = counters.ctypes.data
    row_of_counters = counters.strides[0]
    for worker in prange(workers):
        setting = flush_denormals()
        for phase in range(phases.shape[0]):
            first, count, span = phases[phase, 0], phases[phase, 1], phases[phase, 2]
            tails, tail = phases[phase, 3], phases[phase, 4]
            rest = blocks % workers
            if rest > tails:
                rest = 0
            whole = blocks - rest
            if span > 0:
                count = (whole + span - 1) // span
            elif tail >= rest or (phases[phase, 5] > 0 and read_word(arena + _HELD_BACK) > 0):
                count = 0
            done = start + 8 * phase
            finished = 0
            for turn in range(workers):
                owner = (worker + turn) % workers
                taken = done + (1 + owner) * row_of_counters
                last = count * (owner + 1) // workers
                number = count * owner // workers
                # Looking costs the owner less than counting.
                while number + _see(taken) < last:
                    task = number + _count_up(taken, 1)
                    if task >= last:
                        break
                    begin, end = task * span, min(task * span + span, whole)
                    rows = first
                    if span == 0:
                        rows = first + task
                        begin = tasks[rows, 2]
                        if tail >= 0:
                            begin = whole + tail
                        end = begin + 1
                    for index in range(begin, end):
                        for line in range(tasks[rows, 0], tasks[rows, 1]):
                            row = table + line * row_bytes
                            call_kernel(read_word(row), arena, row, index, worker)
                    finished += 1
            if finished > 0:
                _count_up(done, finished)
            turns = 0
            while _see(done) < count:
                turns += 1
                _pause()
                if turns > _PATIENCE:
                    _give_way()
        restore_denormals(setting)


def _walk_straight(arena, table, row_bytes, first, last):
    """Call rows one after the other on this thread."""
    setting = flush_denormals()
    for line in range(first, last):
        row = table + line * row_bytes
        call_kernel(read_word(row), arena, row, 0, 0)
    restore_denormals(setting)


WALKER, STRAIGHT_WALKER = "walker", "straight walker"
"""The walkers' names in the cache, where they lie beside the kernels."""


@lru_cache(maxsize=1)
def walker() -> Any:
    """The compiled walker, from the cache on disk where it is there."""
    signature = "void(int64,int64,int64,int64[:,::1],int64[:,::1],int64[:,::1],int64,int64)"
    thread_count()  # starts Numba's threads
    return cached_function(WALKER, signature, _walk, parallel=True, nogil=True)


@lru_cache(maxsize=1)
def straight_walker() -> Any:
    """The compiled walker of plans that are too short for several threads."""
    return cached_function(STRAIGHT_WALKER, "void(int64,int64,int64,int64,int64)", _walk_straight, nogil=True)
