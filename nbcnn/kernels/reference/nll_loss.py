"""Negative log-likelihood: the loss of log-probabilities, such as log_softmax gives."""

import numpy as np
from numpy.typing import NDArray

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference._classes import mean_surprise, wanted


def nll_loss(log_probabilities: Array, target: NDArray[np.int64], weight: Array | None, *, ignore_index: int) -> Array:
    """Return the weighted mean of -log_probabilities[target], as an array without axes.

    log_probabilities are (N, classes, *space), target (N, *space) holds class numbers from 0, or `ignore_index` where
    nothing counts, weight (classes,) or None; the divisor sums the weights of the true classes.
    """
    q, _, divisor = wanted(log_probabilities.shape, target, weight, ignore_index)
    return mean_surprise(q, log_probabilities, divisor)


def nll_loss_gradient(
    dy: Array,
    log_probabilities: Array,
    y: Array,
    target: NDArray[np.int64],
    weight: Array | None,
    *,
    ignore_index: int,
) -> tuple[Array]:
    """Return (dlog_probabilities,): less the weight of the true class, over the divisor."""
    q, counted, divisor = wanted(log_probabilities.shape, target, weight, ignore_index)
    with np.errstate(invalid="ignore"):
        return (np.where(counted[:, np.newaxis], -dy * q / np.float64(divisor), 0.0),)
