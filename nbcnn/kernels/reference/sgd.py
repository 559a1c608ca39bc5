"""Stochastic gradient descent with momentum."""

from nbcnn.kernels.reference import Array


def sgd(
    parameter: Array,
    gradient: Array,
    momentum_buffer: Array,
    *,
    lr: float,
    momentum: float,
    nesterov: bool,
    weight_decay: float,
    step: int,
) -> tuple[Array, Array]:
    """Return (parameter, momentum_buffer) after one update, by the formulas of torch.optim.SGD without dampening.

    The velocity does not contain the learning rate. The buffer starts as zeros, which makes the first step PyTorch's
    special case by itself; `step` counts from 1, as for every optimiser, and is not needed here.
    """
    gradient = gradient + weight_decay * parameter
    momentum_buffer = momentum * momentum_buffer + gradient
    direction = gradient + momentum * momentum_buffer if nesterov else momentum_buffer
    return parameter - lr * direction, momentum_buffer
