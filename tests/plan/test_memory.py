"""Memory is planned: as much is taken as was planned, no two buffers in use at once overlap, a step takes no more."""

import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations

import numpy as np
import pytest
from networks import NETWORKS, named
from reference_training import batch

from nbcnn.kernels.cpu.program import NO_HALO, Activation, Array, At, Program, Storage, Table
from nbcnn.model import Model
from nbcnn.plan.arena import ALIGNMENT, build_arena
from nbcnn.plan.lowering import Update, lower_training
from nbcnn.plan.plan import Plan
from nbcnn.training.trainer import Trainer

WORKERS = 3


def program_of(name: str, samples: int) -> Program:
    model = Model(named(name))
    velocity = {key: np.zeros_like(value) for key, value in model.parameters.items()}
    update = Update("sgd", {"momentum": 0.9, "nesterov": False, "weight_decay": 0.0}, {"momentum_buffer": velocity})
    return lower_training(model.network, samples, model.parameters, model.input_scale, "cross_entropy", update)


def uses_of(program: Program) -> dict[Storage, tuple[int, int, int]]:
    """For each buffer in the arena: the first and last call of the walk that need it, and how many copies there are.

    What other phases use as well, and what must keep a halo of zeros, is needed all the time.
    """
    always = (-1, len(program.walk))
    uses: dict[Storage, tuple[int, int, int]] = {}
    numbers = {id(call): number for number, call in enumerate(program.walk)}
    for call in program.calls():
        number = numbers.get(id(call))
        for argument in call.arguments.values():
            thing = argument.activation if isinstance(argument, At) else argument
            if isinstance(thing, Array | Table) and thing.storage.external is None:
                uses[thing.storage] = (*always, 1)
            elif isinstance(thing, Activation):
                here = always if number is None or thing.halo != NO_HALO else (number, number)
                first, last, _ = uses.get(thing.storage, (*here, 0))
                per_block = thing.storage.block_stride > 0
                copies = program.blocks if per_block else WORKERS
                span = always if per_block else (min(first, here[0]), max(last, here[1]))
                uses[thing.storage] = (*span, copies)
    return uses


@pytest.mark.parametrize("samples", [5, 100])
@pytest.mark.parametrize("name", NETWORKS)
def test_no_two_buffers_in_use_at_once_overlap(name: str, samples: int) -> None:
    program = program_of(name, samples)
    arena = build_arena(program, WORKERS)
    assert arena.address % ALIGNMENT == 0
    places = [(arena.words.nbytes, 0, -1, len(program.walk))]
    for storage, (first, last, copies) in uses_of(program).items():
        assert storage.offset % ALIGNMENT == 0
        for copy in range(copies):
            start = storage.offset + copy * (storage.block_stride or storage.slot_stride)
            places.append((start + storage.extent(), start, first, last))
    assert max(end for end, *_ in places) <= arena.bytes
    for (end, start, first, last), (other_end, other_start, other_first, other_last) in combinations(places, 2):
        apart = end <= other_start or other_end <= start
        assert apart or last < other_first or other_last < first


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
