"""A fully connected layer: every output feature is a weighted sum of all input features."""

from nbcnn.kernels.reference import Array


def linear(x: Array, weight: Array, bias: Array | None) -> Array:
    """Return x @ weight.T + bias; x is (N, I), weight (O, I), bias (O,) or None."""
    y = x @ weight.T
    return y if bias is None else y + bias


def linear_gradient(
    dy: Array, x: Array, y: Array, weight: Array, bias: Array | None
) -> tuple[Array, Array, Array | None]:
    """Return (dx, dweight, dbias); dbias is None where bias is None."""
    return dy @ weight, dy.T @ x, None if bias is None else dy.sum(axis=0)
