"""Flatten: the features of a sample in one row."""

from nbcnn.kernels.reference import Array


def flatten(x: Array) -> Array:
    """Reshape (N, C, *space) to (N, C * prod(space)) in C order."""
    return x.reshape(x.shape[0], -1)


def flatten_gradient(dy: Array, x: Array, y: Array) -> tuple[Array]:
    """Return (dx,), dy in the shape of x."""
    return (dy.reshape(x.shape),)
