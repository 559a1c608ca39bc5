"""Elementary functions of vectors against float64: within units in the last place over their range, and their edges."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numba import njit

from nbcnn.kernels.cpu.language import later, vector

later.load()

LANES = 8
RANDOM = np.random.default_rng(0)
SMALL = 10.0 ** RANDOM.uniform(-30, 0, 40_000)
SIGNED = np.concatenate([SMALL, -SMALL, RANDOM.uniform(-3, 3, 80_000), RANDOM.uniform(-86, 86, 80_000)])
POSITIVE = np.concatenate([10.0 ** RANDOM.uniform(-37.5, 38, 80_000), RANDOM.uniform(0.3, 3, 80_000)])
ABOVE_MINUS_ONE = np.concatenate([SMALL, -0.9 * SMALL, 10.0 ** RANDOM.uniform(0, 30, 20_000)])
INFINITY = math.inf


def over(function: Callable, x: np.ndarray) -> np.ndarray:
    """Apply a function of vectors to every number of an array."""
    load, store = vector.load, vector.store

    @njit(error_model="numpy")
    def visit(source, target, count):
        for start in range(0, 4 * count, 4 * LANES):
            store(function(load(LANES, source + start)), target + start)

    whole = np.zeros(-(-x.size // LANES) * LANES, np.float32)
    whole[: x.size] = x
    y = np.empty_like(whole)
    visit(whole.ctypes.data, y.ctypes.data, whole.size)
    return y[: x.size]


CASES = {
    "exponential": (np.exp, SIGNED, 2),
    "exponential_minus_one": (np.expm1, SIGNED, 3),
    "logistic": (lambda x: 1 / (1 + np.exp(-x)), SIGNED, 3),
    "hyperbolic_tangent": (np.tanh, SIGNED, 2),
    "logarithm": (np.log, POSITIVE, 2),
    "logarithm_of_one_plus": (np.log1p, ABOVE_MINUS_ONE, 3),
    "error_function": (np.vectorize(math.erf), SIGNED, 3),
    "square_root": (np.sqrt, POSITIVE, 0.5),
    "absolute": (np.abs, SIGNED, 0),
}
EDGES = {
    "exponential": [(0.0, 1.0), (-INFINITY, 0.0), (-1e30, 0.0), (1e30, INFINITY), (INFINITY, INFINITY)],
    "exponential_minus_one": [(0.0, 0.0), (-INFINITY, -1.0), (-1e30, -1.0)],
    "logistic": [(0.0, 0.5), (1e30, 1.0), (INFINITY, 1.0)],
    "hyperbolic_tangent": [(0.0, 0.0), (-INFINITY, -1.0), (INFINITY, 1.0), (-1e30, -1.0), (1e30, 1.0)],
    "logarithm": [(0.0, -INFINITY), (-0.0, -INFINITY), (1.0, 0.0), (INFINITY, INFINITY), (-1.0, math.nan)],
    "logarithm_of_one_plus": [(0.0, 0.0), (1e-30, 1e-30), (-1e-30, -1e-30)],
    "error_function": [(0.0, 0.0), (-INFINITY, -1.0), (INFINITY, 1.0), (-1e30, -1.0), (1e30, 1.0)],
    "square_root": [(0.0, 0.0), (4.0, 2.0), (INFINITY, INFINITY), (-1.0, math.nan)],
    "absolute": [(-INFINITY, INFINITY), (-0.0, 0.0)],
}


@pytest.mark.parametrize("name", CASES)
def test_accuracy(name: str) -> None:
    exact, x, units = CASES[name]
    x = x.astype(np.float32)
    expected = exact(x.astype(np.float64))
    unit = np.spacing(np.abs(expected).astype(np.float32)).astype(np.float64)
    worst = np.max(np.abs(over(getattr(vector, name), x) - expected) / unit)
    assert worst <= units


@pytest.mark.parametrize("name", EDGES)
def test_edges(name: str) -> None:
    x, expected = np.array([*EDGES[name], (math.nan, math.nan)], np.float32).T
    np.testing.assert_array_equal(over(getattr(vector, name), x), expected)


def test_the_logistic_function_of_large_negative_numbers_is_next_to_nothing() -> None:
    assert (over(vector.logistic, np.array([-88.0, -1e30, -INFINITY], np.float32)) < np.finfo(np.float32).tiny).all()


def test_comparisons_are_false_for_what_is_not_a_number_and_combine() -> None:
    x = np.array([-1.0, 0.0, 0.5, 1.0, 1.5, math.nan], np.float32)
    np.testing.assert_array_equal(over(_between, x), [0.0, 1.0, 1.0, 1.0, 0.0, 0.0])


@njit(error_model="numpy")
def _between(x):
    zero, one = vector.filled(x, np.float32(0.0)), vector.filled(x, np.float32(1.0))
    return vector.where((x >= zero) & (x <= one), one, zero)
