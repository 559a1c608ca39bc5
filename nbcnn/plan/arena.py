"""Every buffer of a program gets its place in one stretch of memory, before anything runs.

Activations that only the walk uses exist once per worker and stay in its cache; two of them share memory where the one
is last used before the other is first used. Activations that a later phase reads exist once per block. A buffer with a
halo shares with nobody, because its zeros must stay.
"""

from dataclasses import dataclass

import numpy as np

from nbcnn.kernels.cpu.program import NO_HALO, STATE_WORDS, Activation, Array, At, Program, Storage, Table

ALIGNMENT = 64
# Tiles may read, never write, up to one vector past the end of a buffer.
SLACK = 128


@dataclass(frozen=True)
class Arena:
    """Placed memory: `words` is the state block at its start, `bytes` its size."""

    memory: np.ndarray
    words: np.ndarray

    @property
    def address(self) -> int:
        address: int = self.memory.ctypes.data
        return address

    @property
    def bytes(self) -> int:
        return self.memory.nbytes

    def view(self, storage: Storage, shape: tuple[int, ...]) -> np.ndarray:
        """A float32 view of a placed array."""
        count = int(np.prod(shape)) * 4
        return self.memory[storage.offset : storage.offset + count].view(np.float32).reshape(shape)


def _round_up(size: int) -> int:
    return -(-(size + SLACK) // ALIGNMENT) * ALIGNMENT


def _first_fit(requests: list[tuple[Storage, int, int]]) -> tuple[dict[Storage, int], int]:
    """Place (storage, first use, last use) so that no two in use at once overlap; largest first, lowest place first."""
    placed: list[tuple[int, int, int, int]] = []
    offsets: dict[Storage, int] = {}
    for storage, first, last in sorted(requests, key=lambda request: -request[0].extent()):
        size = _round_up(storage.extent())
        taken = sorted((start, end) for start, end, used, until in placed if used <= last and first <= until)
        offset = 0
        for start, end in taken:
            if offset + size <= start:
                break
            offset = max(offset, end)
        placed.append((offset, offset + size, first, last))
        offsets[storage] = offset
    return offsets, max((end for _, end, _, _ in placed), default=0)


def _storages(program: Program) -> tuple[dict[Storage, list[int]], set[Storage], set[Storage]]:
    """Activations by when the walk uses them, those that other phases use too, and those that must keep a halo."""
    uses: dict[Storage, list[int]] = {}
    outside: set[Storage] = set()
    haloed: set[Storage] = set()
    in_walk = {id(call): number for number, call in enumerate(program.walk)}
    for call in program.calls():
        for argument in call.arguments.values():
            activation = argument.activation if isinstance(argument, At) else argument
            if isinstance(activation, Activation):
                number = in_walk.get(id(call))
                uses.setdefault(activation.storage, [])
                if number is None:
                    outside.add(activation.storage)
                else:
                    uses[activation.storage].append(number)
                if activation.halo != NO_HALO:
                    haloed.add(activation.storage)
    return uses, outside, haloed


def build_arena(program: Program, workers: int) -> Arena:
    """Place all storages of a finished program and fill in its constants."""
    uses, outside, haloed = _storages(program)
    shared = {
        argument.storage: None
        for call in program.calls()
        for argument in call.arguments.values()
        if isinstance(argument, Array | Table)
    }
    top = _round_up(8 * (len(STATE_WORDS) + len(program.ports)))
    for storage in shared:
        if storage.external is None:
            storage.offset = top
            top += _round_up(storage.extent())
    for storage in outside:
        storage.offset = top
        storage.block_stride = storage.extent()
        top += _round_up(storage.extent() * program.blocks)
    last_call = len(program.walk)
    requests = [
        (storage, 0, last_call) if storage in haloed else (storage, min(numbers), max(numbers))
        for storage, numbers in uses.items()
        if storage not in outside
    ]
    offsets, slot_bytes = _first_fit(requests)
    for storage, offset in offsets.items():
        storage.offset = top + offset
        storage.slot_stride = slot_bytes
    top += slot_bytes * workers
    raw = np.zeros(top + ALIGNMENT, dtype=np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    memory = raw[start : start + top]
    for storage in shared:
        if storage.contents is not None:
            contents = np.ascontiguousarray(storage.contents())
            memory[storage.offset : storage.offset + contents.nbytes] = contents.reshape(-1).view(np.uint8)
        if storage.external is not None:
            # The table holds distances from the arena, wherever the array lies.
            storage.offset = storage.external.ctypes.data - memory.ctypes.data
    words = memory[: 8 * (len(STATE_WORDS) + len(program.ports))].view(np.int64)
    return Arena(memory, words)
