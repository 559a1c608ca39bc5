"""Measures beside those of scikit-learn, of whole data sets and of parts of them."""

import math
from typing import Any

import numpy as np
import pytest

from nbcnn.training.metrics import classes, numbers, scores
from nbcnn.training.metrics.classes import ClassMetrics, confusion_matrix, per_class


def test_confusion_matrix_has_true_classes_in_rows() -> None:
    matrix = confusion_matrix(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1]), 3)
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0], [0, 1, 0]]


def test_per_class_leaves_out_what_would_divide_by_zero() -> None:
    matrix = np.array([[1, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]])
    assert per_class(matrix, ("a", "b", "c", "d")) == (
        ClassMetrics("a", 2, 1.0, 0.5, 2 / 3, 0.5),
        ClassMetrics("b", 1, 1 / 3, 1.0, 0.5, 1 / 3),
        ClassMetrics("c", 1, None, 0.0, 0.0, 0.0),
        ClassMetrics("d", 0, None, None, None, None),
    )


@pytest.fixture
def sklearn() -> Any:
    return pytest.importorskip("sklearn.metrics")


def drawn(samples: int, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores that lean to the right class, rounded so that some are equal."""
    random = np.random.default_rng(seed)
    targets = random.integers(0, count, samples)
    outputs = random.standard_normal((samples, count)) + 1.5 * np.eye(count)[targets]
    return (np.round(outputs * 4) / 4).astype(np.float32), targets


def in_parts(measure: Any, outputs: np.ndarray, targets: np.ndarray) -> dict[str, float | None]:
    for part in np.array_split(np.arange(len(targets)), 7):
        measure.add(outputs[part], targets[part])
    found: dict[str, float | None] = measure.results()
    return found


@pytest.mark.parametrize("count", [2, 3, 11])
def test_averages_over_classes(count: int, sklearn: Any) -> None:
    outputs, targets = drawn(200, count)
    guesses = outputs.argmax(axis=1)
    if count > 2:
        guesses[guesses == 1] = 0  # nothing is taken for class 1
    confusion = confusion_matrix(targets, guesses, count + 1)  # and class `count` is not there at all
    found = classes.averages(per_class(confusion, tuple(map(str, range(count + 1)))))
    options = {"average": "macro", "zero_division": 0}
    assert found == pytest.approx(
        {
            "precision": sklearn.precision_score(targets, guesses, **options),
            "recall": sklearn.recall_score(targets, guesses, **options),
            "f1": sklearn.f1_score(targets, guesses, **options),
            "iou": sklearn.jaccard_score(targets, guesses, **options),
        }
    )


@pytest.mark.parametrize("count", [2, 6, 11])
def test_scores(count: int, sklearn: Any) -> None:
    outputs, targets = drawn(300, count)
    found = in_parts(scores.Scores(count), outputs, targets)
    shares = np.exp(outputs.astype(np.float64))
    shares /= shares.sum(axis=1, keepdims=True)
    area = sklearn.roc_auc_score(targets, shares[:, 1] if count == 2 else shares, multi_class="ovr")
    # float32 makes some scores equal that are not so in float64, and some different that are.
    assert found["roc_auc"] == pytest.approx(area, abs=2e-3)
    if count > 5:
        # Equal scores: scikit-learn sorts them, here the right class is among the first where it can be.
        highest = sklearn.top_k_accuracy_score(targets, shares + 1e-9 * np.eye(count)[targets], k=5)
        assert found["top5_accuracy"] == pytest.approx(highest)
    else:
        assert found["top5_accuracy"] is None


def test_area_counts_equal_scores_half() -> None:
    assert scores.area(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, True, False, True])) == 3.5 / 4
    assert scores.area(np.array([0.1, 0.4]), np.array([True, True])) is None


def test_calibration_error_is_the_papers() -> None:
    # Confidence 0.9 and right half of the time, then 0.6 and always right: 2/3 of 0.4 and 1/3 of 0.4.
    high, low = math.log(9.0), math.log(1.5)
    outputs = np.array([[high, 0], [high, 0], [high, 0], [high, 0], [low, 0], [low, 0]], dtype=np.float32)
    found = in_parts(scores.Scores(2), outputs, np.array([0, 0, 1, 1, 0, 0]))
    assert found["calibration_error"] == pytest.approx(0.4)


def test_scores_of_many_samples_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "MOST_KEPT", 100)
    found = in_parts(scores.Scores(3), *drawn(50, 3))
    assert found["roc_auc"] is None and found["calibration_error"] is not None


@pytest.mark.parametrize("shape", [(1,), (3,), (2, 4, 5)])
def test_numbers(shape: tuple[int, ...], sklearn: Any) -> None:
    random = np.random.default_rng(1)
    targets = (1000 + random.standard_normal((60, *shape))).astype(np.float32)
    outputs = (targets + 0.3 * random.standard_normal(targets.shape)).astype(np.float32)
    flat = targets.reshape(60, -1).astype(np.float64), outputs.reshape(60, -1).astype(np.float64)
    expected = {
        "mse": sklearn.mean_squared_error(*flat),
        "mae": sklearn.mean_absolute_error(*flat),
        "r2": sklearn.r2_score(*flat),
    }
    assert in_parts(numbers.Numbers(shape), outputs, targets) == pytest.approx(expected, rel=1e-9)


def test_nothing_measured_is_nothing_known() -> None:
    assert scores.Scores(4).results() == dict.fromkeys(scores.NAMES)
    assert numbers.Numbers((2,)).results() == dict.fromkeys(numbers.NAMES)
    assert set(classes.averages(per_class(np.zeros((2, 2), np.int64), ("a", "b"))).values()) == {None}
    endless = scores.Scores(2)
    endless.add(np.array([[np.inf, 0.0]], np.float32), np.array([0]))
    assert endless.results() == dict.fromkeys(scores.NAMES)
    same = numbers.Numbers((1,))
    same.add(np.array([[1.0]], np.float32), np.array([[2.0]], np.float32))
    assert same.results() == {"mse": 1.0, "mae": 1.0, "r2": None}
