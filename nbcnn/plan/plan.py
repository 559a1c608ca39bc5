"""A program made runnable: placed, compiled and written as a table of rows."""

import threading
from collections.abc import Mapping

import numba
import numpy as np

from nbcnn.kernels.cpu.compiling import OnCompile, address_of, compile_all
from nbcnn.kernels.cpu.program import (
    IS_BYTES,
    STATE_WORDS,
    Activation,
    Argument,
    Array,
    At,
    Call,
    Program,
    Table,
    Walk,
    Word,
)
from nbcnn.kernels.cpu.row import WORDS_PER_ARGUMENT
from nbcnn.plan.arena import Arena, build_arena
from nbcnn.plan.walker import walker

# One parallel region at a time: Numba's simplest threading layer aborts when two Python threads enter one.
_running = threading.Lock()


class Plan:
    """One table over one arena; `run` walks it.

    Ports are set by name to arrays that must be contiguous and live until the run ends. Threads that run one plan take
    turns; what lies in its arena is the last one's.
    """

    def __init__(self, program: Program, on_compile: OnCompile | None = None) -> None:
        self.program = program
        compile_all([call.kernel for call in program.calls()], on_compile)
        self._walk = walker()
        self.workers = numba.config.NUMBA_NUM_THREADS
        self.arena = build_arena(program, self.workers)
        self._write_table()

    @property
    def bytes(self) -> int:
        """All memory that this plan holds."""
        return self.arena.bytes + self._table.nbytes + self._phases.nbytes + self._tasks.nbytes

    def _write_table(self) -> None:
        rows: list[list[int]] = []
        phases: list[tuple[int, int, int]] = []
        tasks: list[tuple[int, int, int]] = []

        def append(calls: list[Call], in_walk: bool) -> tuple[int, int]:
            first = len(rows)
            rows.extend(self._row(call, in_walk) for call in calls)
            return first, len(rows)

        for stage in self.program.stages:
            start = len(tasks)
            if isinstance(stage, Walk):
                tasks.append((*append(stage.calls, True), 0))
                phases.append((start, 1, self.program.blocks_per_partition))
            elif stage.groups:
                for calls, parts in stage.groups:
                    first, last = append(calls, False)
                    tasks.extend((first, last, part) for part in range(parts))
                phases.append((start, len(tasks) - start, 0))
        width = max(map(len, rows))
        self._table = np.zeros((len(rows), width), dtype=np.int64)
        for line, row in zip(self._table, rows, strict=True):
            line[: len(row)] = row
        self._phases = np.array(phases, dtype=np.int64)
        self._tasks = np.array(tasks, dtype=np.int64)

    def _row(self, call: Call, in_walk: bool) -> list[int]:
        row = [address_of(call.kernel)]
        for argument in call.arguments.values():
            row.extend(self._words(argument, in_walk))
        assert len(row) == 1 + WORDS_PER_ARGUMENT * len(call.arguments)
        return row

    def _words(self, argument: Argument, in_walk: bool) -> tuple[int, int, int]:
        if isinstance(argument, Word):
            return 8 * argument.index, 0, 0
        if isinstance(argument, Array | Table):
            return argument.storage.offset, 0, 0
        if isinstance(argument, At | Activation):
            activation = argument.activation if isinstance(argument, At) else argument
            start = argument.start if isinstance(argument, At) else 0
            storage = activation.storage
            # Outside the walk the index counts parts, and kernels step through the blocks themselves.
            return storage.offset + start, storage.block_stride if in_walk else 0, storage.slot_stride
        value = argument() if callable(argument) else argument
        if isinstance(value, float):
            return int(np.float64(value).view(np.int64)), 0, 0
        return int(value), 0, 0

    def run(
        self,
        samples: int,
        ports: Mapping[str, np.ndarray],
        *,
        step: int = 0,
        seed: int = 0,
        learning_rate: float = 0.0,
    ) -> None:
        """Walk the table for the first `samples` samples that the ports offer."""
        program, words = self.program, self.arena.words
        with _running:
            words[: len(STATE_WORDS)] = samples, step, seed, 0
            words[STATE_WORDS.index("learning_rate")] = np.float64(learning_rate).view(np.int64)
            for name, array in ports.items():
                words[program.ports[name].index] = array.ctypes.data
                if (is_bytes := program.ports.get(IS_BYTES.format(name))) is not None:
                    words[is_bytes.index] = array.dtype == np.uint8
            self._walk(
                self.arena.address,
                self._table.ctypes.data,
                self._table.strides[0],
                self._phases,
                self._tasks,
                -(-samples // program.lanes),
            )


def array_view(arena: Arena, array: Array) -> np.ndarray:
    """An array of the program as float32 NumPy view."""
    return arena.view(array.storage, array.shape)
