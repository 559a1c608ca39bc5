"""Local response normalisation: every number is damped by the squares of its neighbours in other channels."""

import numpy as np

from nbcnn.kernels.reference import Array


def local_response_norm(x: Array, *, size: int, alpha: float, beta: float, k: float) -> Array:
    """Return x / (k + alpha / size * sum of squares) ** beta for x (N, C, *space).

    The sum for channel c runs over the channels from c - size // 2 to c + (size - 1) // 2 that there are.
    """
    return x * _base(x, size, alpha, k) ** -beta


def local_response_norm_gradient(
    dy: Array, x: Array, y: Array, *, size: int, alpha: float, beta: float, k: float
) -> tuple[Array]:
    """Return (dx,): a number acts on itself, and through its square on every channel whose window holds it."""
    base = _base(x, size, alpha, k)
    through_squares = dy * x * base ** (-beta - 1.0)
    dx = dy * base**-beta
    for channel, window in enumerate(_windows(x.shape[1], size)):
        dx[:, window] -= 2.0 * alpha * beta / size * x[:, window] * through_squares[:, channel : channel + 1]
    return (dx,)


def _windows(channels: int, size: int) -> list[slice]:
    return [slice(max(0, c - size // 2), c + (size - 1) // 2 + 1) for c in range(channels)]


def _base(x: Array, size: int, alpha: float, k: float) -> Array:
    sums = [np.square(x[:, window]).sum(1) for window in _windows(x.shape[1], size)]
    return k + alpha / size * np.stack(sums, axis=1)
