"""A program made runnable: placed, compiled and written as a table of rows."""

import threading
from collections.abc import Mapping
from struct import Struct

import numpy as np

from nbcnn.kernels.cpu.compiling.compiling import OnCompile, address_of, compile_all
from nbcnn.kernels.cpu.language.row import WORDS_PER_ARGUMENT
from nbcnn.kernels.cpu.program.buffers import Array, Table, Word
from nbcnn.kernels.cpu.program.calls import Activation, Argument, At, Call
from nbcnn.kernels.cpu.program.program import IS_BYTES, NOT_FINITE, STATE_WORDS, Program
from nbcnn.machine.cores import thread_count, workers
from nbcnn.plan.arena import Arena, build_arena, start_of
from nbcnn.plan.schedule import Schedule
from nbcnn.plan.walker import walker

_DOUBLE, _BITS = Struct("d"), Struct("q")

_NOT_FINITE = STATE_WORDS.index(NOT_FINITE)

# One parallel region at a time: Numba's simplest threading layer aborts when two Python threads enter one.
one_region = threading.Lock()


class Plan:
    """One table over one arena; `run` walks it.

    Ports are set by name to arrays that must be contiguous and live until the run ends. Threads that run one plan take
    turns; what lies in its arena is the last one's.
    """

    def __init__(
        self,
        program: Program,
        on_compile: OnCompile | None = None,
        *,
        worthwhile: float | None = None,
        prepare_once: bool = False,
    ) -> None:
        """`worthwhile` is as for `segments`; `prepare_once` runs what comes before the walk now and never again."""
        self.program = program
        self._worthwhile = worthwhile
        kinds = {name: program.ports.get(IS_BYTES.format(name)) for name in program.ports}
        self._kinds = {name: word.index for name, word in kinds.items() if word}
        self.workers = workers()
        # Before anything is compiled, since there may not be as much memory.
        self.arena = build_arena(program, self.workers)
        compile_all([call.kernel for call in program.calls()], on_compile, meanwhile=walker)
        self._walk = walker()
        self._write_table()
        if prepare_once and program.prepare.groups:
            self._walk_phases(self._phases[:1], 0)
            self._phases: np.ndarray = self._phases[1:].copy()

    @property
    def bytes(self) -> int:
        """All memory that this plan holds."""
        tables = (self.table, self._phases, self._tasks, self._counters)
        return self.arena.bytes + sum(each.nbytes for each in tables)

    def _write_table(self) -> None:
        schedule = Schedule(self.program, self.workers, self._worthwhile)
        self.calls = schedule.calls
        self.table = np.zeros(schedule.table_shape, dtype=np.int64)
        for line, call, kind in zip(self.table, schedule.calls, schedule.kinds, strict=True):
            row = self._row(call, *kind)
            line[: len(row)] = row
        self._phases = np.array(schedule.phases, dtype=np.int64)
        self._phases_before_update = self._phases[: schedule.phases_before_update]
        self._tasks = np.array(schedule.tasks, dtype=np.int64)
        self._counters = np.zeros(schedule.counters_shape, dtype=np.int64)

    def _row(self, call: Call, of_blocks: bool, together: bool) -> list[int]:
        row = [address_of(call.kernel)]
        for argument in call.arguments.values():
            row.extend(self._words(argument, of_blocks, together))
        assert len(row) == 1 + WORDS_PER_ARGUMENT * len(call.arguments)
        return row

    def _words(self, argument: Argument, of_blocks: bool, together: bool) -> tuple[int, int, int]:
        if isinstance(argument, Word):
            return 8 * argument.index, 0, 0
        if isinstance(argument, Array | Table):
            return argument.storage.offset, 0, 0
        if isinstance(argument, At | Activation):
            activation = argument.activation if isinstance(argument, At) else argument
            start = argument.start if isinstance(argument, At) else 0
            storage = activation.storage
            # Outside the walk the index counts parts, and kernels step through the blocks themselves.
            # Workers that are at one block together are all in the buffers of the first of them.
            slot_stride = 0 if together and not storage.per_worker else storage.slot_stride
            return storage.offset + start, storage.block_stride if of_blocks else 0, slot_stride
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
        update: int = 0,
        samples_before: int = 0,
        updates: bool = True,
        not_finite: bool = False,
    ) -> bool:
        """Walk the table for the first `samples` samples that the ports offer, without `updates` up to the update.

        Returns whether an update was held back, because of a number that is not finite or since `not_finite` says so.
        """
        program, words = self.program, self.arena.words
        with one_region:
            # Little code: a step has driven all of Python out of the caches.
            rate = _BITS.unpack(_DOUBLE.pack(learning_rate))
            words[: len(STATE_WORDS)] = samples, step, seed, *rate, update, samples_before, not_finite
            for name, array in ports.items():
                words[program.ports[name].index] = start_of(array)
                if (is_bytes := self._kinds.get(name)) is not None:
                    words[is_bytes] = array.dtype == np.uint8
            phases = self._phases if updates else self._phases_before_update
            self._walk_phases(phases, -(-samples // program.samples_per_block))
            return bool(words[_NOT_FINITE])

    def _walk_phases(self, phases: np.ndarray, blocks: int) -> None:
        self._walk(
            self.arena.address,
            start_of(self.table),
            self.table.strides[0],
            phases,
            self._tasks,
            self._counters,
            blocks,
            min(thread_count(), self.workers),
        )


def array_view(arena: Arena, array: Array) -> np.ndarray:
    """An array of the program as float32 NumPy view."""
    external = array.storage.external
    return arena.view(array.storage, array.shape) if external is None else external
