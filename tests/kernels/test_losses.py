"""What the table of examples cannot say about losses: exact zeros, sizes of gradients, numbers that are none."""

import numpy as np
import pytest
from operations import arrays, functional_vjp, run_reference

from examples import EXAMPLES, Example
from nbcnn import functional
from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.plan.single import single_plan

LOSSES = [example for example in EXAMPLES if example.is_loss]
NAMES = sorted({example.operation for example in LOSSES})


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("example", LOSSES, ids=str)
def test_gradients_agree_relative_to_their_own_size(example: Example, lanes: int) -> None:
    """The gradient of a mean over many is small, and so must its error be."""
    values = arrays(example, "float32")
    _, (expected,) = run_reference(example, values, np.ones(()))
    with using(lanes):
        _, (actual, *_) = functional_vjp(example, values, np.ones((), np.float32))
    assert np.abs(actual - expected).max() <= 1e-6 * np.abs(expected).max()


@pytest.mark.parametrize("name", NAMES)
def test_the_upstream_gradient_is_a_factor(name: str) -> None:
    example = next(example for example in LOSSES if example.operation == name)
    values = arrays(example, "float32")
    (_, (one, *_)), (_, (three, *_)) = (functional_vjp(example, values, np.float32(dy)) for dy in (1.0, 3.0))
    assert np.array_equal(three, one * np.float32(3.0))


@pytest.mark.parametrize("function", [functional.cross_entropy, functional.nll_loss])
def test_where_nothing_counts_the_loss_is_no_number_and_the_gradient_zero(function) -> None:
    """As in PyTorch."""
    x = np.random.default_rng(0).standard_normal((3, 4, 2, 2)).astype(np.float32)
    loss, pullback = functional.vjp(function, x, np.full((3, 2, 2), -100))
    assert np.isnan(loss)
    assert not pullback(1.0)[0].any()


def test_what_does_not_count_gets_exactly_zero_and_changes_nothing() -> None:
    random = np.random.default_rng(0)
    logits, target = random.standard_normal((5, 3, 4, 4)).astype(np.float32), random.integers(0, 3, (5, 4, 4))
    target[:, 1] = 7
    other = logits.copy()
    other[:, :, 1] = 1e30 * random.standard_normal((5, 3, 4))
    settings = {"ignore_index": 7, "label_smoothing": 0.1}
    results = [functional.vjp(functional.cross_entropy, each, target, **settings) for each in (logits, other)]
    (one, one_back), (two, two_back) = results
    assert one == two
    assert not one_back(1.0)[0][:, :, 1].any() and one_back(1.0)[0][:, :, 0].all()
    assert np.array_equal(one_back(1.0)[0], two_back(1.0)[0])


@pytest.mark.parametrize("name", NAMES)
def test_nan_is_seen(name: str) -> None:
    example = next(example for example in LOSSES if example.operation == name and example.input_shape[0] > 1)
    values = arrays(example, "float32")
    # Of log-probabilities only those of the targets are read.
    values[0][2] = np.nan
    loss, (gradient, *_) = functional_vjp(example, values, np.ones((), np.float32))
    assert np.isnan(loss)
    assert name == "nll_loss" or np.isnan(gradient[2]).all()
    assert not np.isnan(gradient[:2]).any()


def test_logits_of_any_size() -> None:
    huge = np.array([[1e30, 0.0], [0.0, -1e30]], np.float32)
    assert functional.cross_entropy(huge, [0, 0]) == 0.0
    assert functional.cross_entropy(huge, [1, 0]) == np.float32(5e29)
    yes = np.ones((1, 2), np.float32)
    large = np.array([[200.0, -200.0]], np.float32)
    loss, pullback = functional.vjp(functional.binary_cross_entropy_with_logits, large, yes)
    assert loss == 100.0
    assert pullback(1.0)[0].tolist() == [[0.0, -0.5]]


def test_scores_of_each_sample() -> None:
    """Their mean is the batch's loss, and right answers are counted among those that count."""
    random = np.random.default_rng(0)
    logits, target = random.standard_normal((6, 3, 2, 5)).astype(np.float32), random.integers(0, 3, (6, 2, 5))
    target[0] = 9
    target[1, 0] = 9
    weight = np.array([0.5, 1.0, 2.0], np.float32)
    attributes = {"ignore_index": 9, "label_smoothing": 0.0}
    plan = single_plan("cross_entropy", (logits.shape,), (target.shape, weight.shape), attributes, False)
    scores, _, _ = plan.run((logits,), (target, weight))
    counted = target != 9
    right = (logits.argmax(axis=1) == target) & counted
    assert np.array_equal(scores[:, 1], right.sum(axis=(1, 2)))
    assert np.array_equal(scores[:, 2], counted.sum(axis=(1, 2)))
    assert scores[0, 0] == 0.0
    assert scores[:, 0].mean() == pytest.approx(functional.cross_entropy(logits, target, weight, ignore_index=9))


def test_an_answer_is_right_where_the_largest_target_is() -> None:
    logits = np.array([[1.0, 3.0, 2.0], [1.0, 3.0, 2.0], [0.0, 0.0, 1.0]], np.float32)
    target = np.array([[0.4, 0.6, 0.0], [0.5, 0.5, 0.0], [0.2, 0.2, 0.6]], np.float32)
    attributes = {"ignore_index": -100, "label_smoothing": 0.0}
    plan = single_plan("cross_entropy", (logits.shape,), (target.shape, None), attributes, False)
    scores, _, _ = plan.run((logits,), (target, None))
    assert scores[:, 1].tolist() == [1.0, 0.0, 1.0]
    assert scores[:, 2].tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("settings", [{}, {"label_smoothing": 0.1}])
def test_certainties_are_class_numbers(settings) -> None:
    """Without weights both divide by the count; with weights PyTorch's two means differ, and so do ours."""
    random = np.random.default_rng(0)
    logits, labels = random.standard_normal((7, 4, 3)).astype(np.float32), random.integers(0, 4, (7, 3))
    certain = np.moveaxis(np.eye(4, dtype=np.float32)[labels], -1, 1)
    (one, one_back), (two, two_back) = (
        functional.vjp(functional.cross_entropy, logits, target, **settings) for target in (labels, certain)
    )
    assert two == pytest.approx(one, rel=1e-6)
    np.testing.assert_allclose(two_back(1.0)[0], one_back(1.0)[0], atol=1e-7)


def test_of_equal_logits_the_first_is_the_guess() -> None:
    plan = single_plan("nll_loss", ((2, 3),), ((2,), None), {"ignore_index": -100}, False)
    scores, _, _ = plan.run((np.zeros((2, 3), np.float32),), (np.array([0, 1]), None))
    assert scores[:, 1].tolist() == [1.0, 0.0]


def test_yes_is_above_zero() -> None:
    logits = np.array([[0.0, 1.0, -1.0, 2.0]], np.float32)
    target = np.array([[0.0, 1.0, 1.0, 0.25]], np.float32)
    name, attributes = "binary_cross_entropy_with_logits", {"pos_weight": 1.0}
    scores, _, _ = single_plan(name, (logits.shape,), (target.shape,), attributes, False).run((logits,), (target,))
    assert scores[0, 1:].tolist() == [2.0, 4.0]
    scores, _, _ = single_plan("mse_loss", (logits.shape,), (target.shape,), {}, False).run((logits,), (target,))
    assert scores[0, 1:].tolist() == [0.0, 0.0]
