"""Normalisations where the table's data do not go: far from 0, constant, in short batches, of one number a channel."""

from dataclasses import replace

import numpy as np
import pytest
from families.norms import EXAMPLES, batch_norm, group_norm, instance_norm, layer_norm
from operations import arrays, assert_gradients_close, functional_vjp, run_reference, terms, upstream
from tolerances import assert_close

from nbcnn.kernels.cpu.batch_norm import batch_norm as add_batch_norm
from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.kernels.cpu.relu import relu
from nbcnn.plan.single import single_plan

NORMS = [
    example for example in EXAMPLES if example.operation != "local_response_norm" and "inference" not in example.why
]


def check(example) -> None:
    values = arrays(example, "float32")
    dy = upstream(example, values[0].shape, "float32")
    expected, expected_gradients = run_reference(example, values, dy)
    y, gradients = functional_vjp(example, values, dy)
    assert_close(y, expected, "float32", "forward", terms(example, "forward", expected))
    assert_gradients_close(example, gradients, expected_gradients, expected, "float32")


@pytest.mark.parametrize("example", NORMS, ids=str)
def test_a_mean_far_above_the_deviation_costs_no_digits(example) -> None:
    """1000 +- 0.1: sums of squares about 0 would lose all of the deviation's digits, a rounded mean four of them."""

    def far(random, example):
        return [1000.0 + 0.1 * value if n == 0 else value for n, value in enumerate(draw(random, example))]

    draw = example.draw
    check(replace(example, draw=far))


@pytest.mark.parametrize("constant", [0.0, 3.0])
@pytest.mark.parametrize(
    "example",
    [
        batch_norm("constant", (5, 3, 4)),
        layer_norm("constant", (5, 3, 4)),
        layer_norm("constant, at each position", (5, 3, 4), (1,)),
        instance_norm("constant", (5, 3, 4)),
        group_norm("constant", (5, 4, 3), 2),
    ],
    ids=str,
)
def test_numbers_that_are_all_the_same_become_zero(example, constant: float) -> None:
    def same(random, example):
        x, *rest = draw(random, example)
        return [np.full_like(x, constant), *rest]

    draw = example.draw
    check(replace(example, draw=same))


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("beyond", [-1, 0, 1])
def test_lanes_beyond_the_batch_contribute_nothing(beyond: int, lanes: int) -> None:
    with using(lanes):
        for example in (batch_norm("short", (lanes + beyond, 3, 2, 5)), layer_norm("short", (lanes + beyond, 3, 5))):
            check(example)


def test_one_number_a_channel_stays_finite() -> None:
    """A last batch may hold one sample: it has no deviation, and an unbiased variance would be 0 / 0."""
    attributes = {"momentum": 0.5, "eps": 1e-5, "training": True}
    plan = single_plan("batch_norm", ((1, 2),), ((2,), (2,), (2,), (2,)), attributes, True)
    mean, var, weight, bias = (
        np.zeros(2, "f4"),
        np.ones(2, "f4"),
        np.array([2.0, 3.0], "f4"),
        np.array([4.0, 5.0], "f4"),
    )
    y, (dx,), gradients = plan.run([np.array([[6.0, -8.0]], "f4")], [mean, var, weight, bias], np.ones((1, 2), "f4"))
    assert np.array_equal(y, [[4.0, 5.0]])
    assert np.array_equal(dx, [[0.0, 0.0]])
    assert gradients[:2] == (None, None)
    assert np.array_equal(gradients[2:], [[0.0, 0.0], [1.0, 1.0]])
    assert np.array_equal(mean, [3.0, -4.0]) and np.array_equal(var, [0.5, 0.5])


@pytest.mark.parametrize("training", [False, True])
def test_relu_after_batch_norm_is_a_clamp_where_it_stores(training: bool) -> None:
    program = Program(5)
    x = program.activation("x", 3, (1, 4, 4))
    running = [Array("running", (3,), external=np.ones(3, np.float32)) for _ in range(2)]
    y = add_batch_norm(program, x, *running, None, None, momentum=0.1, eps=1e-5, training=training)
    calls = len(list(program.calls()))
    assert relu(program, y) is y
    assert len(list(program.calls())) == calls
