"""Memory is planned: as much is taken as was planned, no two buffers in use at once overlap, a step takes no more."""

import gc
import math
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pytest
from networks import NETWORKS, named
from reference_training import batch

from nbcnn.kernels.cpu import batch_norm
from nbcnn.kernels.cpu.program.buffers import Array, Storage, Table
from nbcnn.kernels.cpu.program.calls import NO_HALO, Activation, At, Phase, calls_of
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.model import Model
from nbcnn.plan import halos, interleaving
from nbcnn.plan.arena import ALIGNMENT, build_arena, lay_out
from nbcnn.plan.losses import Loss
from nbcnn.plan.lowering import lower_training
from nbcnn.plan.plan import Plan
from nbcnn.plan.schedule import Schedule
from nbcnn.plan.updating import Update
from nbcnn.training.trainer import Trainer

WORKERS = 3


def program_of(name: str, samples: int, *, outline: bool = False) -> Program:
    model = Model(named(name))
    velocity = {key: np.zeros_like(value) for key, value in model.parameters.items()}
    settings = {"momentum": 0.9, "dampening": 0.0, "nesterov": False, "weight_decay": 0.0}
    update = Update("sgd", settings, {"momentum_buffer": velocity})
    loss = Loss("cross_entropy", {"ignore_index": -100, "label_smoothing": 0.0})
    arrays = model.parameters, model.buffers, model.input_scale
    return lower_training(model.network, samples, *arrays, loss, update, outline=outline)


@pytest.mark.parametrize("samples", [5, 100])
@pytest.mark.parametrize("name", NETWORKS)
def test_an_outline_takes_what_the_program_takes(name: str, samples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_norm, "NEAR_BYTES", 1)
    monkeypatch.setattr(interleaving, "NEAR_BYTES", 1)
    whole, outline = (program_of(name, samples, outline=wanted) for wanted in (False, True))
    assert lay_out(outline, WORKERS) == lay_out(whole, WORKERS)
    schedules = [Schedule(each, WORKERS, worthwhile=1) for each in (outline, whole)]
    assert schedules[0].words == schedules[1].words
    assert len({*map(id, schedules[0].calls)}) <= len({*map(id, schedules[1].calls)})


@dataclass
class Use:
    """Who needs a buffer: the numbers of the first and last call, its copies, and its layout where zeros must stay."""

    first: int
    last: int
    copies: int
    layout: tuple | None = None


def uses_of(program: Program) -> dict[Storage, Use]:
    """Who needs which buffer, and when.

    All calls of a phase run side by side. A buffer that one uses lies block after block, and then one block's part may
    lie where another block's of another buffer does: it is needed from the first call of its first stage to the last
    of its last.
    """
    always = (-1, sum(1 for _ in program.calls()))
    uses: dict[Storage, Use] = {}
    number = 0
    in_phases = {
        thing.storage
        for stage in program.stages
        if isinstance(stage, Phase)
        for call in calls_of(stage)
        for argument in call.arguments.values()
        if isinstance(thing := argument.activation if isinstance(argument, At) else argument, Activation)
    }
    for stage in program.stages:
        begin, end = number, number + sum(1 for _ in calls_of(stage))
        for call in calls_of(stage):
            for argument in call.arguments.values():
                thing = argument.activation if isinstance(argument, At) else argument
                if isinstance(thing, Array | Table) and thing.storage.external is None:
                    uses[thing.storage] = Use(*always, 1)
                elif isinstance(thing, Activation):
                    first, last = (begin, end) if thing.storage in in_phases else (number, number)
                    use = uses.setdefault(thing.storage, Use(first, last, WORKERS))
                    use.first, use.last = min(use.first, first), max(use.last, last)
                    if thing.storage.block_stride:
                        use.copies = program.blocks
                    if thing.halo != NO_HALO and not thing.storage.cleared:
                        use.layout = (thing.channels, thing.space, thing.halo)
            number += 1
        number += 1
    return uses


@pytest.mark.parametrize("clears", [False, True])
@pytest.mark.parametrize("samples", [5, 100])
@pytest.mark.parametrize("name", NETWORKS)
def test_no_two_buffers_in_use_at_once_overlap(
    name: str, samples: int, clears: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(halos, "WORTHWHILE", 1 if clears else math.inf)
    program = program_of(name, samples)
    arena = build_arena(program, WORKERS)
    assert arena.address % ALIGNMENT == 0
    places = []
    for storage, use in uses_of(program).items():
        assert storage.offset % ALIGNMENT == 0
        assert storage.offset >= arena.words.nbytes
        for copy in range(use.copies):
            start = storage.offset + copy * (storage.block_stride or storage.slot_stride)
            places.append((start, start + storage.extent(), use))
    assert max(end for _, end, _ in places) <= arena.bytes
    for (start, end, one), (other_start, other_end, other) in combinations(places, 2):
        apart = end <= other_start or other_end <= start
        # A halo's zeros must stay, so whoever shares its memory has the same halo in the same places.
        in_turn = (one.last < other.first or other.last < one.first) and one.layout == other.layout
        same_place = one.layout is None or start == other_start
        assert apart or (in_turn and same_place)


def numpy_bytes() -> int:
    """What NumPy holds now for arrays that were made since tracing began."""
    gc.collect()
    arrays = [tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)]
    return sum(each.size for each in tracemalloc.take_snapshot().filter_traces(arrays).statistics("filename"))


@contextmanager
def tracing() -> Iterator[None]:
    """Everything must be compiled before: Numba takes many times as long while its memory is traced."""
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["padding, two pools", "three axes", "dropout"])
def test_planned_memory_is_the_memory_taken(name: str) -> None:
    """What comes on top is a second copy of the constant tables, whatever the batch."""

    def taken_above_planned(samples: int) -> int:
        program = program_of(name, samples)
        before = numpy_bytes()
        plan = Plan(program)
        return numpy_bytes() - before - plan.bytes

    Plan(program_of(name, 64))
    with tracing():
        few, many = taken_above_planned(64), taken_above_planned(6400)
    assert 0 <= few < 64 << 10
    assert abs(many - few) < 1 << 10


@pytest.mark.parametrize("name", ["padding, two pools", "dropout"])
def test_a_step_takes_no_memory(name: str) -> None:
    """But for a few small objects of the call itself, which are gone after it."""
    trainer = Trainer(Model(named(name)))
    x, y = batch(trainer.model.network, 100)
    indices = np.arange(100)
    trainer.step_batch(x, y, indices)
    with tracing():
        for _ in range(3):
            trainer.step_batch(x, y, indices)
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        for _ in range(200):
            trainer.step_batch(x, y, indices)
        after, peak = tracemalloc.get_traced_memory()
    # The smallest array of a step, loss and correctness of 100 samples, has 800 bytes: 160,000 if it stayed.
    assert after - before < 16 << 10
    assert peak - before < 32 << 10
