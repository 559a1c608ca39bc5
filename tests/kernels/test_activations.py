"""Activations where numbers are huge, infinite or not numbers, and softmax beyond the table: other axes, sums."""

import numpy as np
import pytest
from families.activations import EXAMPLES
from operations import reference_of
from tolerances import TOLERANCES

from examples import Example
from nbcnn import functional
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.plan.operations import forward_of

NAN, INFINITY = float("nan"), float("inf")
ONE_OF_EACH = {
    (example.operation, *example.attributes.items()): example for example in EXAMPLES if not example.parameters
}
# From above 1.2e-38, below which the engine takes numbers for zero.
SIZES = 10.0 ** np.arange(-37.75, 38.5, 0.25)
WIDE = np.concatenate([SIZES, -SIZES, np.linspace(-100, 100, 2001)]).astype(np.float32)
# What PyTorch gives for minus infinity, infinity and not-a-number.
EDGES = {
    "relu": (0.0, INFINITY, NAN),
    "leaky_relu": (-INFINITY, INFINITY, NAN),
    "elu": (-1.0, INFINITY, NAN),
    "selu": (-1.7580993, INFINITY, NAN),
    "gelu": (NAN, INFINITY, NAN),
    "silu": (NAN, INFINITY, NAN),
    "mish": (NAN, INFINITY, NAN),
    "softplus": (0.0, INFINITY, NAN),
    "sigmoid": (0.0, 1.0, NAN),
    "tanh": (-1.0, 1.0, NAN),
    "hard_sigmoid": (0.0, 1.0, NAN),
    "hard_swish": (NAN, INFINITY, NAN),
    "relu6": (0.0, 6.0, NAN),
}


@pytest.mark.parametrize("example", ONE_OF_EACH.values(), ids=str)
def test_every_size_of_number(example: Example) -> None:
    """Each value within the table's distance of its own size or 1: huge neighbours excuse nothing."""
    forward, gradient = reference_of(example.operation)
    x, ones = WIDE.astype(np.float64), np.ones(WIDE.size)
    with np.errstate(over="ignore", invalid="ignore"):
        expected = forward(x[np.newaxis], **example.attributes)
        (expected_gradient,) = gradient(ones[np.newaxis], x[np.newaxis], expected, **example.attributes)
    y, pullback = functional.vjp(getattr(functional, example.operation), WIDE, **example.attributes)
    (dx,) = pullback(np.ones_like(WIDE))
    assert_close(y, expected[0], "forward")
    assert_close(dx, expected_gradient[0], "input_gradient")


def assert_close(actual: np.ndarray, expected: np.ndarray, kind: str) -> None:
    allowed = TOLERANCES[kind]["float32"] * np.maximum(np.abs(expected), 1.0)
    within = np.abs(actual.astype(np.float64) - expected) <= allowed
    assert within.all(), (WIDE[~within], actual[~within], expected[~within])


@pytest.mark.parametrize("operation", EDGES)
def test_edges(operation: str) -> None:
    y = getattr(functional, operation)(np.array([-INFINITY, INFINITY, NAN]))
    np.testing.assert_array_equal(y, np.array(EDGES[operation], np.float32))


@pytest.mark.parametrize("differentiates", [False, True])
@pytest.mark.parametrize("example", ONE_OF_EACH.values(), ids=str)
def test_nothing_is_kept_that_no_gradient_reads(example: Example, differentiates: bool) -> None:
    """In inference every activation overwrites its input; in training either input or output is still needed."""
    program = Program(16, differentiates=differentiates)
    x = program.activation("x", 3, (1, 4, 5))
    y = forward_of(example.operation)(program, x, **example.attributes)
    if not differentiates:
        assert y is x and not x.kept
    elif y is x:
        assert y.kept
    else:
        assert x.kept and not y.kept


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1, -3])
@pytest.mark.parametrize("operation", ["softmax", "log_softmax"])
def test_softmax_along_any_axis(operation: str, axis: int) -> None:
    random = np.random.default_rng(0)
    x, dy = random.standard_normal((2, 3, 5, 2, 3, 4)).astype(np.float32)[:, 0]
    forward, gradient = reference_of(operation)
    inside = np.moveaxis(x.astype(np.float64), axis, 1)
    expected = forward(inside)
    y, pullback = functional.vjp(getattr(functional, operation), x, axis=axis)
    np.testing.assert_allclose(y, np.moveaxis(expected, 1, axis), rtol=1e-5, atol=1e-6)
    (expected_dx,) = gradient(np.moveaxis(dy.astype(np.float64), axis, 1), inside, expected)
    np.testing.assert_allclose(pullback(dy)[0], np.moveaxis(expected_dx, 1, axis), rtol=1e-5, atol=2e-6)


def test_softmax_of_infinities() -> None:
    """A class that is ruled out has no share, and its logarithm is minus infinity; what is not a number is seen."""
    x = np.array([[0.0, -INFINITY, 0.0], [1.0, NAN, 0.0], [-INFINITY] * 3])
    shares, logarithms = functional.softmax(x), functional.log_softmax(x)
    np.testing.assert_array_equal(shares[0], np.array([0.5, 0.0, 0.5], np.float32))
    np.testing.assert_allclose(logarithms[0], [-np.log(2.0), -INFINITY, -np.log(2.0)], rtol=1e-6)
    assert np.isnan(shares[1:]).all() and np.isnan(logarithms[1:]).all()
