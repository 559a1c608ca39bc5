"""The reference's gradients are derivatives: finite differences along one random direction, in float64."""

import configurations
import numpy as np
import pytest
from families.convolutions import convolutions
from hypothesis import given, settings
from operations import arrays, each, parts, reference_of, run_reference, upstream

from examples import EXAMPLES, Example

# Half the distance between the two points. Operations that are linear in the direction have no truncation error;
# sigmoid, tanh and cross-entropy have STEP**2 / 6 of their third derivatives, some 1e-11; rounding adds
# 1e-16 * |loss| / STEP.
STEP = 1e-5
TOLERANCE = 1e-8


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_gradient_is_the_derivative(example: Example) -> None:
    check_gradient(example)


@settings(max_examples=80)
@given(configurations.all_operations())
def test_gradient_is_the_derivative_for_random_configurations(example: Example) -> None:
    check_gradient(example)


def check_gradient(example: Example) -> None:
    forward, _ = reference_of(example.operation)
    values = arrays(example)
    if example.kinks:
        values[0] = away_from_kinks(values[0].shape)
    y, gradients = run_reference(example, values)
    dy = upstream(example, y.shape)
    random = np.random.default_rng(2)
    # What has no gradient, class numbers and running statistics, stays where it is.
    direction = [
        each(lambda part: random.standard_normal(part.shape), value if gradient is not None else None)
        for value, gradient in zip(values, gradients, strict=False)
    ]
    # A unit vector, so that STEP is the distance walked whatever the number of elements.
    length = np.sqrt(sum(np.sum(part**2) for part in parts(direction)))

    def moved(value, way, distance: float):
        if way is None:
            return value
        if isinstance(value, tuple):
            return tuple(moved(one, other, distance) for one, other in zip(value, way, strict=True))
        return value + distance / length * way

    def loss(distance: float) -> float:
        directions = direction + [None] * (len(values) - len(direction))
        there = [moved(value, way, distance) for value, way in zip(values, directions, strict=True)]
        return float(np.sum(dy * forward(*there, **example.attributes)))

    slope = (loss(STEP) - loss(-STEP)) / (2.0 * STEP)
    along = zip(parts(gradients), parts(direction), strict=True)
    predicted = sum(float(np.sum(gradient * way)) / length for gradient, way in along)
    steepest = np.sqrt(sum(np.sum(gradient**2) for gradient in parts(gradients)))
    assert abs(slope - predicted) <= TOLERANCE * (steepest + np.sum(np.abs(dy * y)))


def away_from_kinks(shape: tuple[int, ...]) -> np.ndarray:
    """Return values that differ from each other and from 0 by far more than the STEP, in random order."""
    size = int(np.prod(shape))
    return np.random.default_rng(3).permutation(0.01 * (np.arange(size) - size // 2 + 0.5)).reshape(shape)


@settings(max_examples=60)
@given(convolutions())
def test_convolution_and_its_input_gradient_are_adjoint(example: Example) -> None:
    """<dy, conv(x)> = <dx, x> for every x and dy: dx is the transposed convolution of dy."""
    x, weight, _ = arrays(example)
    y, (dx, dweight, dbias) = run_reference(example, [x, weight, None])
    dy = upstream(example, y.shape)
    assert dbias is None
    assert np.sum(dy * y) == pytest.approx(np.sum(dx * x), rel=1e-12, abs=1e-11)
    assert np.sum(dy * y) == pytest.approx(np.sum(dweight * weight), rel=1e-12, abs=1e-11)
