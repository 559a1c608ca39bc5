"""Lion: every weight moves by the learning rate, along the sign of a momentum."""

import numpy as np

from nbcnn.kernels.reference import Array


def lion(
    parameter: Array,
    gradient: Array,
    exp_avg: Array,
    *,
    lr: float,
    betas: tuple[float, float],
    weight_decay: float,
    step: int,
) -> tuple[Array, Array]:
    """Return (parameter, exp_avg) after one update; the average starts as zeros, and `step` is not needed here.

    Chen et al., arXiv:2302.06675, algorithm 2; the sign of 0 is 0.
    """
    direction = np.sign(betas[0] * exp_avg + (1.0 - betas[0]) * gradient)
    exp_avg = betas[1] * exp_avg + (1.0 - betas[1]) * gradient
    return parameter - lr * (direction + weight_decay * parameter), exp_avg
