"""The sigmoid-weighted linear unit."""

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference.sigmoid import sigmoid


def silu(x: Array) -> Array:
    """Return x / (1 + exp(-x)) element by element."""
    return x * sigmoid(x)


def silu_gradient(dy: Array, x: Array, y: Array) -> tuple[Array]:
    """Return (dx,): with s the logistic function of x the derivative is s + x * s * (1 - s)."""
    share = sigmoid(x)
    return (dy * share * (1.0 + x * (1.0 - share)),)
