"""Branches that become one."""

from collections.abc import Sequence

from numpy.typing import ArrayLike

from nbcnn.errors import InputError
from nbcnn.functional.calling import Floats, apply, differentiable, floats


def _branches(name: str, x: Sequence[ArrayLike]) -> list[Floats]:
    branches = [floats(each, f"{name}: x") for each in x]
    if len(branches) < 2 or any(each.ndim not in (2, 3, 4, 5) for each in branches):
        shapes = ", ".join(str(each.shape) for each in branches)
        raise InputError(
            f"{name}: at least two arrays (N, C, *space) are expected, received {shapes or 'none'}; give a list"
        )
    return branches


@differentiable
def add(x: Sequence[ArrayLike]) -> Floats:
    """The sum of several arrays of one shape; raises InputError where shapes differ."""
    branches = _branches("add", x)
    for each in branches:
        if each.shape != branches[0].shape:
            raise InputError(
                f"add: arrays of one shape are expected, received {branches[0].shape} and {each.shape}; "
                "change what computes one of them"
            )
    return apply("add", branches)


@differentiable
def concat(x: Sequence[ArrayLike]) -> Floats:
    """Several arrays (N, C, *space) side by side along C; raises InputError where N or space differ."""
    branches = _branches("concat", x)
    for each in branches:
        if (each.shape[0], each.shape[2:]) != (branches[0].shape[0], branches[0].shape[2:]):
            raise InputError(
                f"concat: arrays that differ in channels alone are expected, received {branches[0].shape} and "
                f"{each.shape}; pad or crop one of them"
            )
    return apply("concat", branches)


@differentiable
def multiply(x: Sequence[ArrayLike]) -> Floats:
    """The product of x[0] (N, C, *space) and the others, each of that shape or with one number a channel.

    One number a channel has shape (N, C) or (N, C, 1, ...). Raises InputError where shapes do not fit.
    """
    branches = _branches("multiply", x)
    whole, *factors = branches
    by_channel = (*whole.shape[:2], *[1] * (whole.ndim - 2))
    for factor in factors:
        if factor.shape not in (whole.shape, whole.shape[:2], by_channel):
            raise InputError(
                f"multiply: a factor of shape {whole.shape} or {by_channel} is expected, received {factor.shape}; "
                "give a number for each pixel, or for each channel"
            )
    return apply("multiply", branches)
