"""Group normalisation: each group of channels of each sample has mean 0 and variance 1, then scales by channel."""

import numpy as np

from nbcnn.kernels.reference import Array


def group_norm(x: Array, weight: Array | None, bias: Array | None, *, num_groups: int, eps: float) -> Array:
    """Return (x - mean) / sqrt(var + eps) * weight + bias for x (N, C, *space), with the biased variance.

    Channel c belongs to group c // (C / num_groups); weight and bias have one number a channel.
    """
    normal, _ = _normalised(x, num_groups, eps)
    return normal * _by_channel(weight, x, 1.0) + _by_channel(bias, x, 0.0)


def group_norm_gradient(
    dy: Array, x: Array, y: Array, weight: Array | None, bias: Array | None, *, num_groups: int, eps: float
) -> tuple[Array, Array | None, Array | None]:
    """Return (dx, dweight, dbias); None where there is no weight or bias."""
    normal, deviation = _normalised(x, num_groups, eps)
    rows = (len(x), num_groups, -1)
    dnormal = (dy * _by_channel(weight, x, 1.0)).reshape(rows)
    along = normal.reshape(rows) * (dnormal * normal.reshape(rows)).mean(2, keepdims=True)
    dx = (dnormal - dnormal.mean(2, keepdims=True) - along) / deviation
    others = (0, *range(2, x.ndim))
    dweight = None if weight is None else (dy * normal).sum(others)
    dbias = None if bias is None else dy.sum(others)
    return dx.reshape(x.shape), dweight, dbias


def _normalised(x: Array, num_groups: int, eps: float) -> tuple[Array, Array]:
    rows = x.reshape(len(x), num_groups, -1)
    deviation = np.sqrt(rows.var(2, keepdims=True) + eps)
    return ((rows - rows.mean(2, keepdims=True)) / deviation).reshape(x.shape), deviation


def _by_channel(values: Array | None, x: Array, absent: float) -> Array:
    return np.full((1,) * x.ndim, absent) if values is None else values.reshape(1, -1, *[1] * (x.ndim - 2))
