"""Softmax cross-entropy: how surprised the network's probabilities are by the true classes."""

import numpy as np
from numpy.typing import NDArray

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference._classes import mean_surprise, wanted
from nbcnn.kernels.reference.log_softmax import log_softmax


def cross_entropy(
    logits: Array, target: NDArray[np.int64] | Array, weight: Array | None, *, ignore_index: int, label_smoothing: float
) -> Array:
    """Return the weighted mean of -log softmax(logits)[target], as an array without axes.

    logits are (N, classes, *space), target (N, *space) holds class numbers from 0, or `ignore_index` where nothing
    counts, weight (classes,) or None. The true class counts 1 - label_smoothing, and every class label_smoothing /
    classes (Szegedy and others, arXiv:1512.00567, section 7); the divisor sums the weights of the true classes. With
    a target (N, classes, *space) of probabilities the divisor is the number of pixels.
    """
    q, _, divisor = wanted(logits.shape, target, weight, ignore_index, label_smoothing)
    return mean_surprise(q, log_softmax(logits), divisor)


def cross_entropy_gradient(
    dy: Array,
    logits: Array,
    y: Array,
    target: NDArray[np.int64] | Array,
    weight: Array | None,
    *,
    ignore_index: int,
    label_smoothing: float,
) -> tuple[Array]:
    """Return (dlogits,): softmax(logits) times what all classes count, less what each counts, over the divisor."""
    q, counted, divisor = wanted(logits.shape, target, weight, ignore_index, label_smoothing)
    slope = np.exp(log_softmax(logits)) * q.sum(axis=1, keepdims=True) - q
    with np.errstate(invalid="ignore"):
        return (np.where(counted[:, np.newaxis], dy * slope / np.float64(divisor), 0.0),)
