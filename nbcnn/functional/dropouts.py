"""Layers that leave numbers out at random."""

from numpy.typing import ArrayLike

from nbcnn.errors import InputError
from nbcnn.functional.calling import Floats, apply, differentiable, floats


@differentiable
def dropout(x: ArrayLike, p: float = 0.5, training: bool = True, *, seed: int = 0) -> Floats:
    """Zero a share p of x and divide the rest by 1 - p; without `training`, x as it is.

    The same seed zeroes the same numbers. Raises InputError unless 0 <= p < 1.
    """
    x = floats(x, "dropout: x")
    return _drop("dropout", x, (len(x), -1) if x.ndim >= 2 else (-1, 1), p, training, seed)


@differentiable
def channel_dropout(x: ArrayLike, p: float = 0.5, training: bool = True, *, seed: int = 0) -> Floats:
    """Zero a share p of the channels of x (N, C, *space) and divide the rest by 1 - p; without `training`, x as it is.

    The same seed zeroes the same channels of the same samples. Raises InputError unless 0 <= p < 1.
    """
    x = floats(x, "channel_dropout: x")
    if x.ndim < 2:
        raise InputError(f"channel_dropout: x must be (N, C, *space), received shape {x.shape}; add the missing axes")
    return _drop("channel_dropout", x, (*x.shape[:2], -1), p, training, seed)


@differentiable
def stochastic_depth(x: ArrayLike, p: float, training: bool = True, *, seed: int = 0) -> Floats:
    """Zero a share p of the samples of x (N, ...) and divide the rest by 1 - p; without `training`, x as it is.

    The same seed zeroes the same samples. Raises InputError unless 0 <= p < 1.
    """
    x = floats(x, "stochastic_depth: x")
    if x.ndim < 1:
        raise InputError("stochastic_depth: x must be (N, ...), received a single number; add the missing axes")
    return _drop("stochastic_depth", x, (len(x), -1), p, training, seed)


def _drop(operation: str, x: Floats, seen_as: tuple[int, ...], p: float, training: bool, seed: int) -> Floats:
    if not 0 <= p < 1:
        raise InputError(
            f"{operation}: p must be at least 0 and below 1, received {p}; p is the share that becomes zero"
        )
    if not 0 <= seed < 2**63:
        raise InputError(f"{operation}: seed must be from 0 to 2**63 - 1, received {seed}; choose a smaller one")
    return apply(operation, x, (), {"p": float(p) if training else 0.0}, seed=seed, seen_as=seen_as)
