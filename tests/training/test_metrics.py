import numpy as np
import pytest

from nbcnn.training.metrics import ClassMetrics, confusion_matrix, per_class, summed_cross_entropy


def test_cross_entropy_by_hand() -> None:
    logits = np.log(np.array([[1, 2, 5], [6, 1, 1]], dtype=np.float32))
    assert summed_cross_entropy(logits, np.array([2, 1])) == pytest.approx(-np.log(5 / 8) - np.log(1 / 8))


def test_cross_entropy_of_large_logits() -> None:
    assert summed_cross_entropy(np.array([[1e30, 0.0]], dtype=np.float32), np.array([0])) == 0
    assert np.isnan(summed_cross_entropy(np.array([[np.inf, 0.0]], dtype=np.float32), np.array([0])))
    assert np.isnan(summed_cross_entropy(np.array([[np.nan, 0.0]], dtype=np.float32), np.array([0])))


def test_confusion_matrix_has_true_classes_in_rows() -> None:
    matrix = confusion_matrix(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1]), 3)
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0], [0, 1, 0]]


def test_per_class_leaves_out_what_would_divide_by_zero() -> None:
    matrix = np.array([[1, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]])
    assert per_class(matrix, ("a", "b", "c", "d")) == (
        ClassMetrics("a", 2, 1.0, 0.5),
        ClassMetrics("b", 1, 1 / 3, 1.0),
        ClassMetrics("c", 1, None, 0.0),
        ClassMetrics("d", 0, None, None),
    )
