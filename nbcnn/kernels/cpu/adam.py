"""Adam on one parameter, in chunks of whole vectors."""

import math

import numpy as np

from nbcnn.kernels.cpu.families.sums import CHUNK
from nbcnn.kernels.cpu.families.tails import load_first, store_first
from nbcnn.kernels.cpu.language.row import Body, arguments
from nbcnn.kernels.cpu.language.vector import splat, square_root
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Argument, Call
from nbcnn.kernels.cpu.program.program import Program


def descend(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        parameter, gradient, first, second, count, step, rate, beta1, beta2, eps, decay, decoupled = arguments(
            "bbbbiwdrrrrr", arena, row, index, slot
        )
        correction1 = 1.0 - math.pow(np.float64(beta1), step)
        correction2 = 1.0 - math.pow(np.float64(beta2), step)
        size = np.float32(rate / correction1)
        root = np.float32(1.0 / math.sqrt(correction2))
        one = np.float32(1.0)
        kept = np.float32(1.0 - rate * np.float64(decoupled))
        last = min(count, (index + 1) * CHUNK)
        for i in range(index * CHUNK, last, lanes):
            left = last - i
            value = load_first(lanes, parameter + 4 * i, left)
            slope = load_first(lanes, gradient + 4 * i, left) + splat(lanes, decay) * value
            mean = splat(lanes, beta1) * load_first(lanes, first + 4 * i, left) + splat(lanes, one - beta1) * slope
            square = load_first(lanes, second + 4 * i, left)
            square = splat(lanes, beta2) * square + splat(lanes, one - beta2) * slope * slope
            store_first(mean, first + 4 * i, left)
            store_first(square, second + 4 * i, left)
            width = square_root(square) * splat(lanes, root) + splat(lanes, eps)
            store_first(splat(lanes, kept) * value - splat(lanes, size) * mean / width, parameter + 4 * i, left)

    return body


def adam(
    program: Program,
    parameter: Array,
    gradient: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    lr: Argument,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    step: Argument,
) -> Call:
    """PyTorch's rule: eps is outside the root and after the bias correction (Kingma and Ba 2015, algorithm 1)."""
    return program.call(
        descend,
        parameter=parameter,
        gradient=gradient,
        exp_avg=exp_avg,
        exp_avg_sq=exp_avg_sq,
        count=math.prod(parameter.shape),
        step=step,
        lr=lr,
        beta1=betas[0],
        beta2=betas[1],
        eps=eps,
        weight_decay=weight_decay,
        decoupled_decay=0.0,
    )
