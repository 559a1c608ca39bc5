"""Batch normalisation: every channel has mean 0 and variance 1 over the batch, then a scale and a shift of its own."""

import numpy as np

from nbcnn.kernels.reference import Array


def batch_norm(
    x: Array,
    running_mean: Array | None,
    running_var: Array | None,
    weight: Array | None,
    bias: Array | None,
    *,
    momentum: float,
    eps: float,
    training: bool,
) -> Array:
    """Return (x - mean) / sqrt(var + eps) * weight + bias, channel by channel, for x (N, C, *space).

    Statistics are those of x, with the biased variance, in `training` and the running ones otherwise. In training the
    running ones, where there are any, are moved in place: `momentum` is the weight of the new batch, whose variance
    they take unbiased.
    """
    mean, var = _statistics(x, running_mean, running_var, training)
    if training and running_mean is not None and running_var is not None:
        count = x.size // x.shape[1]
        running_mean += momentum * (mean.ravel() - running_mean)
        running_var += momentum * (var.ravel() * count / max(count - 1, 1) - running_var)
    normal = (x - mean) / np.sqrt(var + eps)
    return normal * _by_channel(weight, x, 1.0) + _by_channel(bias, x, 0.0)


def batch_norm_gradient(
    dy: Array,
    x: Array,
    y: Array,
    running_mean: Array | None,
    running_var: Array | None,
    weight: Array | None,
    bias: Array | None,
    *,
    momentum: float,
    eps: float,
    training: bool,
) -> tuple[Array, None, None, Array | None, Array | None]:
    """Return (dx, None, None, dweight, dbias); running statistics have no gradient.

    In training mean and variance depend on x as well (Ioffe and Szegedy, arXiv:1502.03167, section 3).
    """
    axes = _axes(x)
    mean, var = _statistics(x, running_mean, running_var, training)
    deviation = np.sqrt(var + eps)
    normal = (x - mean) / deviation
    dnormal = dy * _by_channel(weight, x, 1.0)
    if training:
        dnormal = dnormal - dnormal.mean(axes, keepdims=True) - normal * (dnormal * normal).mean(axes, keepdims=True)
    dweight = None if weight is None else (dy * normal).sum(axes)
    dbias = None if bias is None else dy.sum(axes)
    return dnormal / deviation, None, None, dweight, dbias


def _axes(x: Array) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))


def _by_channel(values: Array | None, x: Array, absent: float) -> Array:
    return np.full((1,) * x.ndim, absent) if values is None else values.reshape(1, -1, *[1] * (x.ndim - 2))


def _statistics(x: Array, running_mean: Array | None, running_var: Array | None, training: bool) -> tuple[Array, Array]:
    """Mean and biased variance by channel, of x or the running ones, in a shape that x can be computed with."""
    if training:
        return x.mean(_axes(x), keepdims=True), x.var(_axes(x), keepdims=True)
    return _by_channel(running_mean, x, 0.0), _by_channel(running_var, x, 1.0)
