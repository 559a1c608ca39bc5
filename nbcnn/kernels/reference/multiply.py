"""Products of branches, of which all but the first may have one number a channel."""

from math import prod

from nbcnn.kernels.reference import Array


def multiply(x: tuple[Array, ...]) -> Array:
    """Return the product of x[0] (N, C, *space) and the others, each of that shape, (N, C, 1, ...) or (N, C)."""
    whole, *factors = x
    return whole * prod(_spread(factor, whole) for factor in factors)


def multiply_gradient(dy: Array, x: tuple[Array, ...], y: Array) -> tuple[tuple[Array, ...]]:
    """Return (dx,): each branch gets dy times the others; one number a channel the sum over its space."""
    spread = [_spread(each, x[0]) for each in x]
    gradients = []
    for number, each in enumerate(x):
        others = dy * prod(other for place, other in enumerate(spread) if place != number)
        space = tuple(axis for axis in range(2, dy.ndim) if spread[number].shape[axis] != dy.shape[axis])
        gradients.append(others.sum(axis=space, keepdims=True).reshape(each.shape))
    return (tuple(gradients),)


def _spread(factor: Array, whole: Array) -> Array:
    return factor.reshape(*factor.shape, *[1] * (whole.ndim - factor.ndim))
