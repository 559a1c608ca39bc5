"""Adam: steps scaled by running estimates of the gradient's mean and square."""

import numpy as np

from nbcnn.kernels.reference import Array


def adam(
    parameter: Array,
    gradient: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    step: int,
) -> tuple[Array, Array, Array]:
    """Return (parameter, exp_avg, exp_avg_sq) after update number `step`, counted from 1; both averages start as zeros.

    Kingma and Ba, arXiv:1412.6980, algorithm 1, in the variant of torch.optim.Adam: weight decay is added to the
    gradient, eps to the root after its bias correction.
    """
    gradient = gradient + weight_decay * parameter
    exp_avg = betas[0] * exp_avg + (1.0 - betas[0]) * gradient
    exp_avg_sq = betas[1] * exp_avg_sq + (1.0 - betas[1]) * gradient * gradient
    mean = exp_avg / (1.0 - betas[0] ** step)
    root = np.sqrt(exp_avg_sq / (1.0 - betas[1] ** step))
    return parameter - lr * mean / (root + eps), exp_avg, exp_avg_sq
