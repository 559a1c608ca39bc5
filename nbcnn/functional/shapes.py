"""The same numbers in other places."""

from collections.abc import Sequence

from numpy.typing import ArrayLike

from nbcnn.errors import InputError
from nbcnn.functional.calling import Floats, apply, differentiable, floats
from nbcnn.layers.channel_slice import sliced
from nbcnn.layers.problems import Problem


def flatten(x: ArrayLike) -> Floats:
    """x (N, ...) as (N, numbers of a sample); raises InputError where x has no samples."""
    return _seen_as("flatten", x, (-1,))


def reshape(x: ArrayLike, shape: Sequence[int]) -> Floats:
    """x (N, ...) as (N, *shape) in C order; one size may be -1. Raises InputError where the numbers do not fit."""
    return _seen_as("reshape", x, shape)


def _seen_as(name: str, x: ArrayLike, shape: Sequence[int]) -> Floats:
    x = floats(x, f"{name}: x")
    try:
        return x.reshape(x.shape[0], *shape)
    except (ValueError, IndexError, TypeError):
        raise InputError(
            f"{name}: x of shape {x.shape} cannot be seen as (N, *shape) with shape = {shape!r}; give sizes whose "
            "product is that of a sample's sizes, or -1 for one of them"
        ) from None


@differentiable
def channel_shuffle(x: ArrayLike, groups: int) -> Floats:
    """The channels of x (N, C, *space) dealt out: the first of every group, then the second of every group, and so on.

    Raises InputError where the groups do not divide the channels.
    """
    x = floats(x, "channel_shuffle: x")
    if x.ndim not in (2, 3, 4, 5):
        raise InputError(f"channel_shuffle: x must be (N, C, *space), received shape {x.shape}; add the missing axes")
    if groups < 1 or x.shape[1] % groups:
        raise InputError(
            f"channel_shuffle: the {x.shape[1]} channels must be divisible by groups (={groups}); change either"
        )
    return apply("channel_shuffle", x, (), {"groups": int(groups)})


@differentiable
def channel_slice(x: ArrayLike, start: int = 0, stop: int | None = None) -> Floats:
    """The channels of x (N, C, *space) from `start` up to, not with, `stop`, by default to the last.

    Raises InputError where these are not among the channels of x.
    """
    x = floats(x, "channel_slice: x")
    if x.ndim not in (2, 3, 4, 5):
        raise InputError(f"channel_slice: x must be (N, C, *space), received shape {x.shape}; add the missing axes")
    try:
        first, end = sliced(start, stop, x.shape[1])
    except Problem as problem:
        raise InputError(f"channel_slice: {problem}") from None
    return apply("channel_slice", x, (), {"start": first, "stop": end})
