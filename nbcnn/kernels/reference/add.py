"""Sums of branches."""

from nbcnn.kernels.reference import Array


def add(x: tuple[Array, ...]) -> Array:
    """Return the sum of all arrays of x, which have one shape."""
    total = x[0].copy()
    for each in x[1:]:
        total += each
    return total


def add_gradient(dy: Array, x: tuple[Array, ...], y: Array) -> tuple[tuple[Array, ...]]:
    """Return (dx,): dy for every branch."""
    return (tuple(dy for _ in x),)
