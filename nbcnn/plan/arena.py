"""Every buffer of a program gets its place in one stretch of memory, before anything runs.

Activations that a single walk uses, and what a phase marks `per_worker`, exist once per worker and stay in its cache;
those that several walks use exist once per block, and so do those of a single one where blocks are fewer than workers.
In either set two of them share memory where the one is last used before the other is first used. Activations that a
phase uses lie one block behind the other; since one block's numbers may then lie where another block's were, they share
memory only from one stage to the next. A buffer with a halo shares only with buffers of exactly its layout, because its
zeros must stay, unless a call writes them anew.
"""

import math
from bisect import insort
from collections.abc import Iterable
from ctypes import addressof, c_char
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from nbcnn.kernels.cpu.program.buffers import Storage
from nbcnn.kernels.cpu.program.calls import NO_HALO, Phase, activations_of, calls_of, shared_of
from nbcnn.kernels.cpu.program.program import STATE_WORDS, Program
from nbcnn.machine.memory import refuse_too_large, warn_of_scarcity
from nbcnn.plan.interleaving import grouped

ALIGNMENT = 64
# Tiles may read, never write, up to one vector past the end of a buffer.
SLACK = 128


def start_of(array: np.ndarray) -> int:
    """Where an array begins: `array.ctypes.data`, which takes four times as long, and that several times a step."""
    if array.size and array.flags.writeable and array.flags.c_contiguous:
        return addressof(c_char.from_buffer(array.data))
    start: int = array.ctypes.data
    return start


class Arena(NamedTuple):
    """Placed memory: `words` is the state block at its start, `bytes` its size."""

    memory: np.ndarray
    words: np.ndarray

    @property
    def address(self) -> int:
        return start_of(self.memory)

    @property
    def bytes(self) -> int:
        return self.memory.nbytes

    def view(self, storage: Storage, shape: tuple[int, ...]) -> np.ndarray:
        """A float32 view of a placed array."""
        count = int(np.prod(shape)) * 4
        return self.memory[storage.offset : storage.offset + count].view(np.float32).reshape(shape)


def _round_up(size: int) -> int:
    return -(-(size + SLACK) // ALIGNMENT) * ALIGNMENT


@dataclass(slots=True)
class Use:
    """One buffer and the numbers of the first and last call, and stage, that need it, in the order of their runs."""

    storage: Storage
    first: int
    last: int
    first_stage: int
    last_stage: int
    # The buffer's layout, where it has a halo whose zeros nobody writes again.
    layout: tuple[object, ...] | None = None
    in_phase: bool = False

    @property
    def has_blocks(self) -> bool:
        """Whether every block has a buffer of its own, and not every worker."""
        return self.in_phase or self.last_stage > self.first_stage

    @property
    def by_stage(self) -> "Use":
        """The same with the numbers of stages in place of those of calls."""
        stages = self.first_stage, self.last_stage
        return Use(self.storage, *stages, *stages, self.layout, self.in_phase)


class _Group(NamedTuple):
    """Buffers that share one place, and the numbers of the first and last call that need it."""

    extent: int
    first: float
    last: float
    storages: list[Storage]


def _first_fit(uses: Iterable[Use], blocks: int = 1) -> tuple[dict[Storage, int], int]:
    """Place buffers, each for so many blocks, so that no two in use at once overlap; largest and lowest first."""
    offsets: dict[Storage, int] = {}
    top = 0
    for groups in _apart(_sharing(uses)):
        # By where they start.
        placed: list[tuple[int, int, float, float]] = []
        for extent, first, last, storages in sorted(groups, key=itemgetter(0), reverse=True):
            size = _round_up(extent * blocks)
            offset = 0
            for start, end, used, until in placed:
                if used <= last and first <= until and end > offset:
                    if offset + size <= start:
                        break
                    offset = end
            insort(placed, (offset, offset + size, first, last))
            offsets.update(dict.fromkeys(storages, offset))
        top = max(top, *(end for _, end, _, _ in placed))
    return offsets, top


def _apart(groups: Iterable[_Group]) -> Iterable[list[_Group]]:
    """Sets of groups of which none is in use together with one of another set: each is placed as though it were alone.

    Comparing all of them with each other is what takes the time of large networks.
    """
    found: list[_Group] = []
    until = -math.inf
    for group in sorted(groups, key=itemgetter(1)):
        if found and group.first > until:
            yield found
            found = []
        found.append(group)
        until = max(until, group.last)
    if found:
        yield found


def _sharing(uses: Iterable[Use]) -> Iterable[_Group]:
    """Each buffer by itself, but those with a halo in groups of one layout that are never in use at once."""
    groups: dict[tuple[object, ...], list[list[Use]]] = {}
    for use in sorted(uses, key=lambda use: use.first):
        if use.layout is None:
            yield _Group(use.storage.extent(), use.first, use.last, [use.storage])
            continue
        alike = groups.setdefault(use.layout, [])
        free = next((group for group in alike if group[-1].last < use.first), None)
        if free is None:
            alike.append([use])
        else:
            free.append(use)
    for alike in groups.values():
        for group in alike:
            # Nobody else may ever write there.
            yield _Group(group[0].storage.extent(), 0, math.inf, [use.storage for use in group])


def uses_of(program: Program) -> list[Use]:
    """Who uses which activation when; calls that run side by side, or in parts by turns, have one number."""
    uses: dict[Storage, Use] = {}
    start = 0
    for stage_number, stage in enumerate(program.stages):
        is_phase = isinstance(stage, Phase)
        groups = [calls_of(stage)] if isinstance(stage, Phase) else grouped(stage.calls)
        # In an outline one call stands for many parts, and is looked at once.
        last = {call: number for number, group in enumerate(groups, start) for call in group}
        for number, group in enumerate(groups, start):
            for call in group:
                until = last.pop(call, None)
                if until is None:
                    continue
                for activation in activations_of(call):
                    storage = activation.storage
                    use = uses.get(storage)
                    if use is None:
                        use = uses[storage] = Use(storage, number, until, stage_number, stage_number)
                    use.last_stage = stage_number
                    if until > use.last:
                        use.last = until
                    if is_phase and not storage.per_worker:
                        use.in_phase = True
                    if activation.halo != NO_HALO and not storage.cleared:
                        use.layout = (activation.channels, activation.space, activation.halo, activation.lane_bytes)
        start += len(groups) + 1
    return list(uses.values())


def _shared(program: Program) -> dict[Storage, None]:
    """What all samples share, in the order of its first use."""
    return {storage: None for call in dict.fromkeys(program.calls()) for storage in shared_of(call)}


def lay_out(program: Program, workers: int) -> int:
    """Give all storages of a finished program their places; returns the bytes that they take together."""
    uses = uses_of(program)
    # With fewer blocks than workers some workers would never touch what they had for themselves.
    few = program.blocks < workers
    by_block = {use.storage for use in uses if use.has_blocks or (few and not use.storage.per_worker)}
    top = _round_up(8 * (len(STATE_WORDS) + len(program.ports)))
    for storage in _shared(program):
        if storage.external is None:
            storage.offset = top
            top += _round_up(storage.extent())
    offsets, size = _first_fit((use.by_stage for use in uses if use.in_phase), program.blocks)
    for storage, offset in offsets.items():
        storage.offset = top + offset
        storage.block_stride = storage.extent()
    top += size
    offsets, block_bytes = _first_fit(use for use in uses if use.storage in by_block and not use.in_phase)
    for storage, offset in offsets.items():
        storage.offset = top + offset
        storage.block_stride = block_bytes
    top += block_bytes * program.blocks
    offsets, slot_bytes = _first_fit(use for use in uses if use.storage not in by_block)
    for storage, offset in offsets.items():
        storage.offset = top + offset
        storage.slot_stride = slot_bytes
    return top + slot_bytes * workers


def build_arena(program: Program, workers: int) -> Arena:
    """Memory for all storages of a finished program, with its constants filled in; raises InputError for too much."""
    top = lay_out(program, workers)
    what, cure = f"computing {program.samples} samples at a time", "use smaller batches or a smaller network"
    refuse_too_large(top, what, cure)
    warn_of_scarcity(top, what, cure)
    raw = np.zeros(top + ALIGNMENT, dtype=np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    memory = raw[start : start + top]
    for storage in _shared(program):
        if storage.contents is not None:
            contents = np.ascontiguousarray(storage.contents())
            memory[storage.offset : storage.offset + contents.nbytes] = contents.reshape(-1).view(np.uint8)
        if storage.external is not None:
            # The table holds distances from the arena, wherever the array lies.
            storage.offset = storage.external.ctypes.data - memory.ctypes.data
    words = memory[: 8 * (len(STATE_WORDS) + len(program.ports))].view(np.int64)
    return Arena(memory, words)
