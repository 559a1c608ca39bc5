"""The CPU's optimisers against the reference's, at every lane count, around the ends of vectors and chunks."""

from importlib import import_module

import numpy as np
import pytest

from nbcnn.kernels.cpu.families.sums import CHUNK, parts_of
from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.plan.operations import forward_of, state_names
from nbcnn.plan.plan import Plan
from nbcnn.spec import parse_optimizer

OPTIMIZERS = {
    "sgd": {"type": "sgd", "lr": 0.1, "weight_decay": 0.1},
    "momentum": {"type": "sgd", "lr": 0.1, "momentum": 0.9, "dampening": 0.25},
    "nesterov": {"type": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    "adam": {"type": "adam", "lr": 0.1, "weight_decay": 0.1},
    "adamw": {"type": "adamw", "lr": 0.1, "betas": [0.8, 0.9], "weight_decay": 0.1},
    "rmsprop": {"type": "rmsprop", "lr": 0.1, "alpha": 0.9},
    "rmsprop, momentum": {"type": "rmsprop", "lr": 0.1, "momentum": 0.5, "weight_decay": 0.1},
    "rmsprop, centered": {"type": "rmsprop", "lr": 0.1, "alpha": 0.9, "centered": True, "eps": 0.01},
    "adagrad": {"type": "adagrad", "lr": 0.1, "lr_decay": 0.5, "weight_decay": 0.1, "initial_accumulator_value": 0.5},
    "lion": {"type": "lion", "lr": 0.1, "betas": [0.8, 0.9], "weight_decay": 0.1},
}
STEPS = 4


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("count", [1, 19, CHUNK, CHUNK + 5])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_cpu_agrees_with_reference(name: str, count: int, lanes: int) -> None:
    table = parse_optimizer(OPTIMIZERS[name])
    random = np.random.default_rng(0)
    # A guard of numbers behind each array, which no vector may touch.
    arrays = {"parameter": random.standard_normal(count + 16).astype(np.float32), "gradient": np.zeros(count + 16)}
    arrays |= {key: np.full(count + 16, start) for key, start in table.state_arrays.items()}
    arrays = {key: value.astype(np.float32) for key, value in arrays.items()}
    keys = ["parameter", *state_names(table.type)]
    expected = [arrays[key][:count].astype(np.float64) if key in arrays else None for key in keys]
    guards = {key: value[count:].copy() for key, value in arrays.items()}
    with using(lanes):
        program = Program(1)
        mine = {key: Array(key, (count,), external=value[:count]) for key, value in arrays.items()}
        operands = [mine["parameter"], mine["gradient"], *map(mine.get, state_names(table.type))]
        rate, step = program.state("learning_rate"), program.state("step")
        call = forward_of(table.type)(program, *operands, **table.settings, lr=rate, step=step)
        program.update.add([call], parts_of(count))
        plan = Plan(program)
    reference = getattr(import_module(f"nbcnn.kernels.reference.{table.type}"), table.type)
    for number in range(1, STEPS + 1):
        gradient = random.standard_normal(count).astype(np.float32)
        arrays["gradient"][:count] = gradient
        plan.run(1, {}, step=number, learning_rate=table.lr)
        parameter, *state = expected
        expected = list(
            reference(parameter, gradient.astype(np.float64), *state, **table.settings, lr=table.lr, step=number)
        )
    for key, value in zip(keys, expected, strict=True):
        if value is None:
            assert key not in arrays
        else:
            # A dozen roundings of 2**-24 a step, of numbers of size 1.
            np.testing.assert_allclose(arrays[key][:count], value, rtol=0, atol=4e-6 * max(1.0, np.abs(value).max()))
    for key, guard in guards.items():
        assert np.array_equal(arrays[key][count:], guard)


def test_a_variance_that_rounding_makes_negative_counts_as_zero() -> None:
    """A gradient that does not change has none; its computed one can be a little below zero, with no root."""
    table = parse_optimizer({"type": "rmsprop", "lr": 1e-6, "alpha": 0.5, "centered": True})
    parameter, gradient = np.zeros(64, np.float32), np.linspace(0.1, 10, 64).astype(np.float32)
    state = [np.zeros(64, np.float32) if name in table.state_arrays else None for name in state_names("rmsprop")]
    program = Program(1)
    operands = [
        None if array is None else Array("array", (64,), external=array) for array in (parameter, gradient, *state)
    ]
    rate, step = program.state("learning_rate"), program.state("step")
    program.update.add([forward_of("rmsprop")(program, *operands, **table.settings, lr=rate, step=step)])
    plan = Plan(program)
    for number in range(1, 100):
        plan.run(1, {}, step=number, learning_rate=table.lr)
    square, _, mean = state
    assert (square < mean * mean).any()
    assert np.isfinite(parameter).all()
