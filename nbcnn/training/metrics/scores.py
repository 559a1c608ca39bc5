"""Measures of a classifier from the scores that it gave to all classes."""

import numpy as np
from numpy.typing import NDArray

from nbcnn.kernels.reference.softmax import softmax

TOP = 5
BINS = 15
"""Bins of the calibration error, as in the paper."""
MOST_KEPT = 2**24
"""Scores that are kept to be ranked; of a data set with more, the area under the curve is not computed."""

NAMES = ("top5_accuracy", "roc_auc", "calibration_error")


class Scores:
    """What is counted of outputs before softmax (N, classes) beside class numbers (N,).

    Outputs that are not all finite numbers give no figures; the loss tells of them.
    """

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._count = self._top = 0
        self._finite = True
        # By bin of the winner's probability: samples, right ones, summed probabilities.
        self._bins = np.zeros((3, BINS))
        self._kept: list[NDArray[np.float32]] = []
        self._targets: list[NDArray[np.integer]] = []

    def add(self, outputs: NDArray[np.float32], targets: NDArray[np.integer]) -> None:
        if not np.isfinite(outputs).all():
            self._finite = False
            return
        own = np.take_along_axis(outputs, targets[:, np.newaxis], axis=1)
        self._top += int(np.count_nonzero((outputs > own).sum(axis=1) < TOP))
        self._count += len(targets)
        # In float64: float32 has finite numbers whose difference is beyond it.
        probabilities = softmax(outputs.astype(np.float64))
        confidence = probabilities.max(axis=1)
        bins = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
        for row, weights in enumerate((None, outputs.argmax(axis=1) == targets, confidence)):
            self._bins[row] += np.bincount(bins, weights, minlength=BINS)
        if self._count * self._classes <= MOST_KEPT:
            self._kept.append(probabilities.astype(np.float32))
            self._targets.append(targets)

    def results(self) -> dict[str, float | None]:
        """Figures by name, those of `NAMES`; None for what these samples do not give."""
        if not self._count or not self._finite:
            return dict.fromkeys(NAMES)
        samples, right, confidence = self._bins
        return {
            "top5_accuracy": self._top / self._count if self._classes > TOP else None,
            "roc_auc": self._area(),
            "calibration_error": float(np.abs(right - confidence).sum() / samples.sum()),
        }

    def _area(self) -> float | None:
        """The mean over classes of the area under the curve of each against all others."""
        if self._count * self._classes > MOST_KEPT:
            return None
        scores, targets = np.concatenate(self._kept), np.concatenate(self._targets)
        if self._classes == 2:
            return area(scores[:, 1], targets == 1)
        areas = [area(scores[:, each], targets == each) for each in range(self._classes)]
        known = [each for each in areas if each is not None]
        return sum(known) / len(known) if known else None


def area(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> float | None:
    """The area under the receiver operating characteristic: how often a positive sample has the higher score.

    That is the statistic of Mann and Whitney's test over the product of the counts (J. A. Hanley and B. J. McNeil,
    Radiology 143, 1982); equal scores count half. None where all samples are alike.
    """
    own, others = int(np.count_nonzero(positive)), int(np.count_nonzero(~positive))
    if not own or not others:
        return None
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    return float((ranks[place][positive].sum() - own * (own + 1) / 2) / (own * others))
