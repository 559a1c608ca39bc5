"""A clock around every call: no call is missed, no time counted twice, and no result changed."""

import time

import llvmlite.binding as llvm
import numpy as np
import pytest
from llvmlite import ir
from networks import NETWORKS, named
from reference_training import batch

from nbcnn.model import Model
from nbcnn.plan.timing import Timer, counter_value
from nbcnn.training.threads import threads
from nbcnn.training.trainer import Trainer

SAMPLES, STEPS = 40, 3


@pytest.mark.parametrize("name", NETWORKS)
def test_every_call_is_timed_and_nothing_twice(name: str) -> None:
    trainer = Trainer(Model(named(name)), batch_size=SAMPLES)
    x, y = batch(trainer.model.network, SAMPLES)
    plan = trainer.planned(SAMPLES)
    timer = Timer(plan)
    trainer.step(x, y)
    assert (timer.seconds == 0).all()
    with threads(1):
        begin = time.perf_counter()
        with timer.running():
            for _ in range(STEPS):
                trainer.step(x, y)
        passed = time.perf_counter() - begin
    seconds = timer.seconds
    assert len(seconds) == len(plan.calls)
    # One thread makes every call, but has nobody to share the pieces of one with.
    timed = {call for call, each in zip(plan.calls, seconds, strict=True) if each > 0}
    assert timed >= set(plan.program.calls()) & set(plan.calls)
    assert seconds.sum() <= passed
    trainer.step(x, y)
    assert np.array_equal(timer.seconds, seconds)


@pytest.mark.parametrize("name", NETWORKS)
def test_timed_steps_give_the_same_bits(name: str) -> None:
    plain, timed = (Trainer(Model(named(name)), batch_size=SAMPLES) for _ in range(2))
    x, y = batch(plain.model.network, SAMPLES)
    timer = Timer(timed.planned(SAMPLES))
    for _ in range(STEPS):
        expected = plain.step(x, y)
        with timer.running():
            assert timed.step(x, y) == expected
    for key, value in plain.model.parameters.items():
        assert np.array_equal(timed.model.parameters[key], value)


def test_a_failed_run_leaves_the_plan_as_it_was() -> None:
    model = Model(named("linear alone"))
    plan = model.planned(False, SAMPLES)
    table = plan.table
    with pytest.raises(ZeroDivisionError), Timer(plan).running():
        raise ZeroDivisionError
    assert plan.table is table


@pytest.mark.parametrize(
    ("triple", "instruction"), [("aarch64-unknown-linux-gnu", "cntvct"), ("x86_64-unknown-linux-gnu", "rdtsc")]
)
def test_the_counter_is_one_that_programs_may_read(triple: str, instruction: str) -> None:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    module = ir.Module()
    module.triple = triple
    function = ir.Function(module, ir.FunctionType(ir.IntType(64), []), "counter")
    builder = ir.IRBuilder(function.append_basic_block())
    builder.ret(counter_value(builder))
    machine = llvm.Target.from_triple(triple).create_target_machine()
    assert instruction in machine.emit_assembly(llvm.parse_assembly(str(module))).lower()
