"""RMSprop: steps scaled by a running estimate of the gradient's size."""

import numpy as np

from nbcnn.kernels.reference import Array


def rmsprop(
    parameter: Array,
    gradient: Array,
    square_avg: Array,
    momentum_buffer: Array | None,
    grad_avg: Array | None,
    *,
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    centered: bool,
    step: int,
) -> tuple[Array, Array, Array | None, Array | None]:
    """Return (parameter, square_avg, momentum_buffer, grad_avg) after one update; all arrays start as zeros.

    Tieleman and Hinton, 2012, lecture 6.5; centred as in Graves, arXiv:1308.0850, section 4.2; in the variant of
    torch.optim.RMSprop: eps is added to the root. `momentum_buffer` is None without momentum, `grad_avg` where not
    `centered`. A variance that rounding makes negative counts as zero. `step` is not needed here.
    """
    gradient = gradient + weight_decay * parameter
    square_avg = alpha * square_avg + (1.0 - alpha) * gradient * gradient
    variance = square_avg
    if grad_avg is not None:
        grad_avg = alpha * grad_avg + (1.0 - alpha) * gradient
        variance = np.maximum(square_avg - grad_avg * grad_avg, 0.0)
    direction = gradient / (np.sqrt(variance) + eps)
    if momentum_buffer is not None:
        momentum_buffer = direction = momentum * momentum_buffer + direction
    return parameter - lr * direction, square_avg, momentum_buffer, grad_avg
