"""What the losses that compare with class numbers share: the distribution that the network should give."""

import numpy as np
from numpy.typing import NDArray

from nbcnn.kernels.reference import Array


def wanted(
    shape: tuple[int, ...],
    target: NDArray[np.int64] | Array,
    weight: Array | None,
    ignore_index: int,
    label_smoothing: float = 0.0,
) -> tuple[Array, NDArray[np.bool_], float]:
    """Return (q, counted, divisor) for an output of `shape` (N, classes, *space) and class numbers (N, *space).

    Or for class probabilities of `shape`; these all count, each pixel 1 in the divisor, as in PyTorch.

    q has that shape: the weight of each class times what its log-probability counts; it is 0 where the target is
    `ignore_index`, and `counted` (N, *space) says where it is not. `divisor` sums the weights of what is counted.
    """
    classes = shape[1]
    weights = np.ones(classes) if weight is None else weight
    by_class = weights.reshape(classes, *(1 for _ in shape[2:]))
    if target.shape == shape:
        q = by_class * ((1.0 - label_smoothing) * target + label_smoothing / classes)
        counted = np.ones((shape[0], *shape[2:]), dtype=bool)
        return q, counted, float(counted.size)
    counted = target != ignore_index
    labels = np.where(counted, target, 0)
    one_hot = np.moveaxis(np.eye(classes)[labels], -1, 1)
    q = by_class * ((1.0 - label_smoothing) * one_hot + label_smoothing / classes) * counted[:, np.newaxis]
    return q, counted, float((weights[labels] * counted).sum())


def mean_surprise(q: Array, log_probabilities: Array, divisor: float) -> Array:
    """Return -sum(q * log_probabilities) / divisor; not a number where no target counts."""
    with np.errstate(invalid="ignore"):
        losses = np.where(q != 0.0, -q * log_probabilities, 0.0)
        return np.asarray(losses.sum() / np.float64(divisor))
