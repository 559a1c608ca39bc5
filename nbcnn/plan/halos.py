"""Large buffers with a halo share memory with any others, at the cost of writing their zeros in every step."""

from nbcnn.kernels.cpu.families.halos import clearing
from nbcnn.kernels.cpu.program.calls import NO_HALO, Activation, Phase, Walk, activations_of, calls_of
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.plan.arena import Use, uses_of

# Bytes of a buffer with its copies for blocks; what is smaller may well stay in a cache.
WORTHWHILE = 1 << 20


def clear_halos(program: Program) -> None:
    """In a finished program, let a call write the halo of every large buffer before it is first used."""
    program.settle()
    uses = {use.storage: use for use in uses_of(program)}
    stages: list[Walk | Phase] = []
    for stage in program.middle:
        calls = list(calls_of(stage))
        found: list[tuple[int, Activation]] = []
        for number, call in enumerate(calls):
            for x in activations_of(call):
                use = uses.pop(x.storage, None)
                if use is not None and _is_worth_it(program, x, use):
                    x.storage.cleared = True
                    found.append((number, x))
        if isinstance(stage, Walk):
            for number, x in reversed(found):
                program.section = calls[number].section
                stage.calls.insert(number, clearing(program, x, in_walk=True))
        elif found:
            before = Phase()
            for number, x in found:
                program.section = calls[number].section
                before.add([clearing(program, x, in_walk=False)], program.blocks)
            stages.append(before)
        stages.append(stage)
    program.middle[:] = stages


def _is_worth_it(program: Program, x: Activation, use: Use) -> bool:
    # What one walk alone uses exists once per worker, of which there may be but one.
    copies = program.blocks if use.has_blocks else 1
    return x.halo != NO_HALO and x.storage.extent() * copies >= WORTHWHILE
