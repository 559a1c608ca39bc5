"""Stochastic gradient descent with momentum."""

from nbcnn.kernels.reference import Array


def sgd(
    parameter: Array,
    gradient: Array,
    momentum_buffer: Array | None,
    *,
    lr: float,
    momentum: float,
    dampening: float,
    nesterov: bool,
    weight_decay: float,
    step: int,
) -> tuple[Array, Array | None]:
    """Return (parameter, momentum_buffer) after update number `step`, counted from 1.

    The formulas of torch.optim.SGD: the velocity does not contain the learning rate, and its first value is the first
    gradient, undamped. Without momentum there is none, and `momentum_buffer` is None.
    """
    gradient = gradient + weight_decay * parameter
    if momentum_buffer is None:
        return parameter - lr * gradient, None
    fresh = gradient if step == 1 else (1.0 - dampening) * gradient
    momentum_buffer = momentum * momentum_buffer + fresh
    direction = gradient + momentum * momentum_buffer if nesterov else momentum_buffer
    return parameter - lr * direction, momentum_buffer
