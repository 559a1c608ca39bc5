"""Measures of a classifier from the classes that it gave."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ClassMetrics:
    """How one class fares; a share is None where it would divide by zero."""

    label: str
    samples: int
    precision: float | None
    recall: float | None


def confusion_matrix(targets: NDArray[np.integer], predicted: NDArray[np.integer], classes: int) -> NDArray[np.int64]:
    """Counts of shape (classes, classes): row = the true class, column = the predicted one."""
    counts = np.bincount(targets * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def per_class(confusion: NDArray[np.int64], labels: tuple[str, ...]) -> tuple[ClassMetrics, ...]:
    """Precision and recall of each class, from the confusion matrix."""
    correct, true, predicted = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    return tuple(
        ClassMetrics(label, int(true[i]), _share(correct[i], predicted[i]), _share(correct[i], true[i]))
        for i, label in enumerate(labels)
    )


def _share(part: np.int64, whole: np.int64) -> float | None:
    return float(part / whole) if whole else None
