"""Measures of outputs that are numbers and not classes."""

import numpy as np
from numpy.typing import NDArray

NAMES = ("mse", "mae", "r2")


class Numbers:
    """What is summed of outputs (N, ...) beside targets of the same shape."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._count = 0
        self._distances = 0.0
        # By output: the mean of the targets so far and the sum of their squared distances from it.
        self._mean, self._spread, self._errors = np.zeros(shape), np.zeros(shape), np.zeros(shape)

    def add(self, outputs: NDArray[np.float32], targets: NDArray[np.floating]) -> None:
        if not len(targets):
            return
        differences = outputs.astype(np.float64) - targets
        self._errors += np.square(differences).sum(axis=0)
        self._distances += float(np.abs(differences).sum())
        # T. F. Chan, G. H. Golub and R. J. LeVeque, Updating formulae and a pairwise algorithm for computing sample
        # variances, 1979, equation 2.1: parts are combined without loss of digits.
        mean = targets.mean(axis=0, dtype=np.float64)
        before, here = self._count, len(targets)
        self._count += here
        self._spread += np.square(targets - mean).sum(axis=0)
        self._spread += np.square(mean - self._mean) * (before * here / self._count)
        self._mean += (mean - self._mean) * (here / self._count)

    def results(self) -> dict[str, float | None]:
        """Figures by name, those of `NAMES`: R2 is the mean over outputs whose targets are not all the same."""
        if not self._count:
            return dict.fromkeys(NAMES)
        numbers = self._count * self._mean.size
        varied = self._spread > 0
        shares = 1.0 - self._errors[varied] / self._spread[varied]
        return {
            "mse": float(self._errors.sum()) / numbers,
            "mae": self._distances / numbers,
            "r2": float(shares.mean()) if shares.size else None,
        }
