"""The smooth rectifier."""

import numpy as np

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference.sigmoid import sigmoid


def softplus(x: Array, *, beta: float, threshold: float) -> Array:
    """Return log(1 + exp(beta * x)) / beta, and x itself where beta * x is above the threshold."""
    return np.where(beta * x > threshold, x, np.logaddexp(0.0, beta * x) / beta)


def softplus_gradient(dy: Array, x: Array, y: Array, *, beta: float, threshold: float) -> tuple[Array]:
    """Return (dx,): the derivative is the logistic function of beta * x, and 1 above the threshold."""
    return (np.where(beta * x > threshold, dy, dy * sigmoid(beta * x)),)
