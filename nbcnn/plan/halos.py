"""Large buffers with a halo share memory with any others, at the cost of writing their zeros in every step."""

from nbcnn.kernels.cpu.families.halos import clearing
from nbcnn.kernels.cpu.program.buffers import Storage
from nbcnn.kernels.cpu.program.calls import NO_HALO, Activation, Call, Phase, Walk, activations_of, calls_of
from nbcnn.kernels.cpu.program.program import Program

# Bytes of a buffer with its copies for blocks; what is smaller may well stay in a cache.
WORTHWHILE = 1 << 20


def clear_halos(program: Program) -> None:
    """In a finished program, let a call write the halo of every large buffer before it is first used."""
    program.settle()
    worthwhile = _worthwhile(program)
    stages: list[Walk | Phase] = []
    for number, stage in enumerate(program.middle):
        calls = calls_of(stage)
        found = [(place, x, calls[place].section) for place, x in worthwhile.get(number, ())]
        if isinstance(stage, Walk):
            for place, x, program.section in reversed(found):
                stage.calls.insert(place, clearing(program, x, in_walk=True))
        elif found:
            before = Phase()
            for _, x, program.section in found:
                before.add([clearing(program, x, in_walk=False)], program.blocks)
            stages.append(before)
        stages.append(stage)
    program.middle[:] = stages


def _worthwhile(program: Program) -> dict[int, list[tuple[int, Activation]]]:
    """Buffers to clear, by the stage in the middle of the program that first uses them, with the place of its call."""
    first_uses: dict[Storage, tuple[int, int, Activation]] = {}
    has_blocks: set[Storage] = set()
    seen: set[Call] = set()
    # One stage comes before the middle.
    for number, stage in enumerate(program.stages, -1):
        is_phase = isinstance(stage, Phase)
        for place, call in enumerate(calls_of(stage)):
            if call in seen:
                # In an outline one call stands for many parts.
                continue
            seen.add(call)
            for x in activations_of(call):
                if x.halo != NO_HALO:
                    first = first_uses.setdefault(x.storage, (number, place, x))
                    if first[0] != number or (is_phase and not x.storage.per_worker):
                        has_blocks.add(x.storage)
    found: dict[int, list[tuple[int, Activation]]] = {}
    for storage, (number, place, x) in first_uses.items():
        # What one walk alone uses exists once per worker, of which there may be but one.
        copies = program.blocks if storage in has_blocks else 1
        if 0 <= number < len(program.middle) and storage.extent() * copies >= WORTHWHILE:
            storage.cleared = True
            found.setdefault(number, []).append((place, x))
    return found
