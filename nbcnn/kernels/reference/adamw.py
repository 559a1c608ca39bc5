"""Adam with weight decay that does not pass through its averages."""

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference.adam import adam


def adamw(
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

    Loshchilov and Hutter, arXiv:1711.05101, algorithm 2, in the variant of torch.optim.AdamW: the decay is multiplied
    by the learning rate.
    """
    decayed = parameter - lr * weight_decay * parameter
    return adam(decayed, gradient, exp_avg, exp_avg_sq, lr=lr, betas=betas, eps=eps, weight_decay=0.0, step=step)
