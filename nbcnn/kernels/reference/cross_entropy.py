"""Softmax cross-entropy: how surprised the network's probabilities are by the true classes."""

import numpy as np
from numpy.typing import NDArray

from nbcnn.kernels.reference import Array


def cross_entropy(logits: Array, target: NDArray[np.int64]) -> Array:
    """Return the mean over samples of -log softmax(logits)[target], as an array without axes.

    logits are (N, classes), target (N,) holds class numbers from 0.
    """
    log_probabilities = _log_softmax(logits)
    return np.asarray(-log_probabilities[np.arange(len(target)), target].mean())


def cross_entropy_gradient(dy: Array, logits: Array, y: Array, target: NDArray[np.int64]) -> tuple[Array]:
    """Return (dlogits,): softmax(logits) less 1 at the target, divided by N; class numbers have no gradient."""
    gradient = np.exp(_log_softmax(logits))
    gradient[np.arange(len(target)), target] -= 1.0
    return (dy * gradient / len(target),)


def _log_softmax(logits: Array) -> Array:
    shifted: Array = logits - logits.max(axis=1, keepdims=True)
    normaliser: Array = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted - normaliser
