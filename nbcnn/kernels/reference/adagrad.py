"""Adagrad: steps that shrink with all that a weight's gradient has been."""

import numpy as np

from nbcnn.kernels.reference import Array


def adagrad(
    parameter: Array,
    gradient: Array,
    sum: Array,
    *,
    lr: float,
    lr_decay: float,
    weight_decay: float,
    eps: float,
    step: int,
) -> tuple[Array, Array]:
    """Return (parameter, sum of squares) after update number `step`, counted from 1.

    Duchi, Hazan and Singer, JMLR 12 (2011), figure 1 with diagonal matrices, in the variant of torch.optim.Adagrad.
    """
    gradient = gradient + weight_decay * parameter
    sum = sum + gradient * gradient
    rate = lr / (1.0 + (step - 1) * lr_decay)
    return parameter - rate * gradient / (np.sqrt(sum) + eps), sum
