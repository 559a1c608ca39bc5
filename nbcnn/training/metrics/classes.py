"""Measures of a classifier from the classes that it gave."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NAMES = ("precision", "recall", "f1", "iou")


@dataclass(frozen=True)
class ClassMetrics:
    """How one class fares; a share is None where it would divide by zero.

    `f1` is the harmonic mean of precision and recall, `iou` the samples, or pixels, of the class that were recognised
    as a share of those that are of it or were taken for it.
    """

    label: str
    samples: int
    precision: float | None
    recall: float | None
    f1: float | None
    iou: float | None


def confusion_matrix(targets: NDArray[np.integer], predicted: NDArray[np.integer], classes: int) -> NDArray[np.int64]:
    """Counts of shape (classes, classes): row = the true class, column = the predicted one."""
    counts = np.bincount(targets * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def per_class(confusion: NDArray[np.int64], labels: tuple[str, ...]) -> tuple[ClassMetrics, ...]:
    """The measures of each class, from the confusion matrix."""
    correct, true, predicted = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    either = true + predicted
    return tuple(
        ClassMetrics(
            label,
            int(true[i]),
            _share(correct[i], predicted[i]),
            _share(correct[i], true[i]),
            _share(2 * correct[i], either[i]),
            _share(correct[i], either[i] - correct[i]),
        )
        for i, label in enumerate(labels)
    )


def averages(classes: tuple[ClassMetrics, ...]) -> dict[str, float | None]:
    """Means over classes, each counting alike: precision, recall, f1 and iou, the last one that of maps of classes.

    As in scikit-learn a class that nothing was taken for has a precision of 0. A class that neither is in the targets
    nor was ever given has no part in the means.
    """
    there = [each for each in classes if each.f1 is not None]
    return {name: sum(getattr(each, name) or 0.0 for each in there) / len(there) if there else None for name in NAMES}


def _share(part: np.int64, whole: np.int64) -> float | None:
    return float(part / whole) if whole else None
