"""Shares of a whole, and their logarithms."""

import math

from numpy.typing import ArrayLike

from nbcnn.errors import InputError
from nbcnn.functional.calling import Floats, apply, differentiable, floats


@differentiable
def softmax(x: ArrayLike, axis: int = 1) -> Floats:
    """e**x divided by its sum along `axis`; raises InputError for an axis that x does not have."""
    return _along("softmax", x, axis)


@differentiable
def log_softmax(x: ArrayLike, axis: int = 1) -> Floats:
    """x less the logarithm of the sum of e**x along `axis`; raises InputError for an axis that x does not have."""
    return _along("log_softmax", x, axis)


def _along(operation: str, x: ArrayLike, axis: int) -> Floats:
    """The operation works along channels; in C order any axis is the channels of an array of three axes."""
    x = floats(x, f"{operation}: x")
    if x.ndim == 0:
        raise InputError(f"{operation}: x must have axes, received a single number; give an array")
    if not -x.ndim <= axis < x.ndim:
        raise InputError(
            f"{operation}: axis must be from {-x.ndim} to {x.ndim - 1}, received {axis}; x has {x.ndim} axes"
        )
    axis %= x.ndim
    return apply(operation, x, seen_as=(math.prod(x.shape[:axis]), x.shape[axis], math.prod(x.shape[axis + 1 :])))
