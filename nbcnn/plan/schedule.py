"""The order of a plan's calls: which each block makes, which are parted over threads, and who waits for whom."""

import math

from nbcnn.kernels.cpu.language.row import WORDS_PER_ARGUMENT
from nbcnn.kernels.cpu.program.calls import Call, Walk
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.plan.interleaving import interleaved
from nbcnn.plan.spreading import PARTS_PER_WORKER, parted, segments


class Schedule:
    """The calls of a program, and the phases and tasks, ranges of calls, as the walker takes them.

    `kinds` tells of each call whether blocks make it, and whether all workers make it together for one block. The first
    `phases_before_update` phases are all but those of an update. Of tasks there are tens of thousands: they are written
    out for who asks.
    """

    def __init__(self, program: Program, workers: int, worthwhile: float | None = None) -> None:
        """`worthwhile` is as for `segments`."""
        self.calls: list[Call] = []
        self.kinds: list[tuple[bool, bool]] = []
        self.phases: list[tuple[int, int, int, int, int, int]] = []
        # Ranges of calls, and how many tasks each is, one a part.
        self._ranges: list[tuple[int, int, int]] = []
        self.task_count = 0
        self.phases_before_update = 0
        self._workers = workers
        for stage in program.stages:
            start = self.task_count
            if isinstance(stage, Walk):
                # Blocks of one partition add to one sum, one after the other.
                shared = segments(stage.calls, workers, worthwhile) if program.blocks_per_partition == 1 else []
                tails = min(program.blocks, workers // 2) if shared else 0
                self._add_tasks(self._rows(interleaved(stage.calls), True))
                self.phases.append((start, 1, program.blocks_per_partition, tails, -1, 0))
                ranges = [[self._rows(calls, True, True) for calls in segment] for segment in shared] if tails else []
                for tail in range(tails):
                    for segment in ranges:
                        self.phases.append((self.task_count, len(segment), 0, tails, tail, 0))
                        for rows in segment:
                            self._add_tasks(rows)
            elif stage.groups:
                for calls, parts in stage.groups:
                    pieces = parted(calls[0], PARTS_PER_WORKER * workers) if len(calls) == 1 else []
                    for group in [[piece] for piece in pieces] or [calls]:
                        self._add_tasks(self._rows(group, False), parts)
                held = stage is program.combine or stage is program.update
                self.phases.append((start, self.task_count - start, 0, 0, -1, held))
            if stage is program.accumulate:
                self.phases_before_update = len(self.phases)

    def _rows(self, calls: list[Call], of_blocks: bool, together: bool = False) -> tuple[int, int]:
        first = len(self.calls)
        self.calls.extend(calls)
        self.kinds.extend([(of_blocks, together)] * len(calls))
        return first, len(self.calls)

    def _add_tasks(self, rows: tuple[int, int], parts: int = 1) -> None:
        self._ranges.append((*rows, parts))
        self.task_count += parts

    @property
    def tasks(self) -> list[tuple[int, int, int]]:
        """The range of calls of each task, and the number of its part."""
        return [(first, last, part) for first, last, parts in self._ranges for part in range(parts)]

    @property
    def table_shape(self) -> tuple[int, int]:
        """A row of words for each call."""
        return len(self.calls), 1 + WORDS_PER_ARGUMENT * max(len(call.arguments) for call in {*self.calls})

    @property
    def counters_shape(self) -> tuple[int, int]:
        """Rows of whole cache lines, so that threads do not slow each other down where each counts for itself."""
        return 1 + self._workers, math.ceil(len(self.phases) / 8) * 8

    @property
    def words(self) -> int:
        """The 64-bit words of all tables of the plan."""
        tables = math.prod(self.table_shape) + math.prod(self.counters_shape)
        return tables + sum(map(len, self.phases)) + 3 * self.task_count
