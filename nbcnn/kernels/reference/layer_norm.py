"""Layer normalisation: each sample has mean 0 and variance 1 over some of its axes, then scales and shifts."""

import numpy as np

from nbcnn.kernels.reference import Array


def layer_norm(x: Array, weight: Array | None, bias: Array | None, *, axes: tuple[int, ...], eps: float) -> Array:
    """Return (x - mean) / sqrt(var + eps) * weight + bias for x (N, C, *space), with the biased variance.

    `axes` are 1 for the channels and negative numbers for spatial axes, counted from the end; weight and bias have the
    sizes of these axes, in the order of x.
    """
    normal, _ = _normalised(x, axes, eps)
    return normal * _spread(weight, x, axes, 1.0) + _spread(bias, x, axes, 0.0)


def layer_norm_gradient(
    dy: Array, x: Array, y: Array, weight: Array | None, bias: Array | None, *, axes: tuple[int, ...], eps: float
) -> tuple[Array, Array | None, Array | None]:
    """Return (dx, dweight, dbias); None where there is no weight or bias."""
    normal, deviation = _normalised(x, axes, eps)
    dnormal = dy * _spread(weight, x, axes, 1.0)
    along = normal * (dnormal * normal).mean(axes, keepdims=True)
    dx = (dnormal - dnormal.mean(axes, keepdims=True) - along) / deviation
    others = tuple(axis for axis in range(x.ndim) if axis not in [own % x.ndim for own in axes])
    dweight = None if weight is None else (dy * normal).sum(others)
    dbias = None if bias is None else dy.sum(others)
    return dx, dweight, dbias


def _normalised(x: Array, axes: tuple[int, ...], eps: float) -> tuple[Array, Array]:
    deviation = np.sqrt(x.var(axes, keepdims=True) + eps)
    return (x - x.mean(axes, keepdims=True)) / deviation, deviation


def _spread(values: Array | None, x: Array, axes: tuple[int, ...], absent: float) -> Array:
    """`values`, or one number, with axes of size 1 where x has others than `axes`."""
    if values is None:
        return np.full((1,) * x.ndim, absent)
    own = [axis % x.ndim for axis in axes]
    return values.reshape([size if axis in own else 1 for axis, size in enumerate(x.shape)])
