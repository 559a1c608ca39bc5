"""Averages of arrays, at every lane count, around the ends of vectors and chunks, against plain sums in float64."""

import numpy as np
import pytest

from nbcnn.kernels.cpu.families.averages import add_average
from nbcnn.kernels.cpu.families.sums import CHUNK, add_total, parts_of
from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.plan.plan import Plan

GUARD = 16
LANES = pytest.mark.parametrize("lanes", [4, 8, 16])
COUNTS = pytest.mark.parametrize("count", [1, 19, CHUNK, CHUNK + 5])


def guarded(count: int) -> np.ndarray:
    """Numbers that are none, and behind them some that no vector may touch."""
    return np.full(count + GUARD, np.nan, np.float32)


@LANES
@COUNTS
@pytest.mark.parametrize("warmup", [False, True])
def test_running_average(count: int, lanes: int, warmup: bool) -> None:
    values, result = (guarded(count) for _ in range(2))
    with using(lanes):
        program = Program(1)
        arrays = (Array("array", (count,), external=each[:count]) for each in (values, result))
        program.update.add([add_average(program, *arrays, decay=0.6, warmup=warmup)], parts_of(count))
        plan = Plan(program)
    random, expected = np.random.default_rng(0), np.zeros(count)
    for update in range(1, 20):
        values[:count] = random.standard_normal(count)
        plan.run(1, {}, update=update)
        decay = min(0.6, (1 + update) / (10 + update)) if warmup else 0.6
        value = values[:count].astype(np.float64)
        expected = value if update == 1 else decay * expected + (1 - decay) * value
        np.testing.assert_allclose(result[:count], expected, rtol=0, atol=1e-6)
    assert np.isnan(result[count:]).all() and np.isnan(values[count:]).all()


@LANES
@COUNTS
def test_mean_over_batches(count: int, lanes: int) -> None:
    gradient, result = (guarded(count) for _ in range(2))
    with using(lanes):
        program = Program(40)
        arrays = (Array("array", (count,), external=each[:count]) for each in (gradient, result))
        program.accumulate.add([add_total(program, *arrays, averages=True)], parts_of(count))
        plan = Plan(program)
    random = np.random.default_rng(0)
    sizes, gradients = [40, 7, 1, 33], []
    for number, size in enumerate(sizes):
        gradient[:count] = random.standard_normal(count)
        gradients.append(gradient[:count].astype(np.float64))
        plan.run(size, {}, samples_before=sum(sizes[:number]), updates=False)
        expected = np.average(gradients, axis=0, weights=sizes[: number + 1])
        np.testing.assert_allclose(result[:count], expected, rtol=0, atol=1e-6)
    assert np.isnan(result[count:]).all() and np.isnan(gradient[count:]).all()
