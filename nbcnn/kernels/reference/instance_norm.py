"""Instance normalisation: each channel of each sample has mean 0 and variance 1, then a scale and a shift."""

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference.group_norm import group_norm, group_norm_gradient


def instance_norm(x: Array, weight: Array | None, bias: Array | None, *, eps: float) -> Array:
    """Return (x - mean) / sqrt(var + eps) * weight + bias for x (N, C, *space), with the biased variance."""
    return group_norm(x, weight, bias, num_groups=x.shape[1], eps=eps)


def instance_norm_gradient(
    dy: Array, x: Array, y: Array, weight: Array | None, bias: Array | None, *, eps: float
) -> tuple[Array, Array | None, Array | None]:
    """Return (dx, dweight, dbias); None where there is no weight or bias."""
    return group_norm_gradient(dy, x, y, weight, bias, num_groups=x.shape[1], eps=eps)
