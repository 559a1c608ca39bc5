import numpy as np

from nbcnn.training.metrics import ClassMetrics, confusion_matrix, per_class


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
