"""Adam on one parameter, in chunks of whole vectors."""

import math

import numpy as np

from nbcnn.kernels.cpu.program import Argument, Array, Call, Program
from nbcnn.kernels.cpu.row import Body, arguments, read_float, write_float
from nbcnn.kernels.cpu.sums import CHUNK
from nbcnn.kernels.cpu.vector import load, splat, square_root, store


def descend(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        parameter, gradient, first, second, count, step, rate, beta1, beta2, eps, decay = arguments(
            "bbbbiwdrrrr", arena, row, index, slot
        )
        correction1 = 1.0 - math.pow(np.float64(beta1), step)
        correction2 = 1.0 - math.pow(np.float64(beta2), step)
        size = np.float32(rate / correction1)
        root = np.float32(1.0 / math.sqrt(correction2))
        one = np.float32(1.0)
        begin = index * CHUNK
        end = min(count, begin + CHUNK)
        whole = begin + (end - begin) // lanes * lanes
        for i in range(4 * begin, 4 * whole, 4 * lanes):
            value = load(lanes, parameter + i)
            slope = load(lanes, gradient + i) + splat(lanes, decay) * value
            mean = splat(lanes, beta1) * load(lanes, first + i) + splat(lanes, one - beta1) * slope
            square = splat(lanes, beta2) * load(lanes, second + i) + splat(lanes, one - beta2) * slope * slope
            store(mean, first + i)
            store(square, second + i)
            width = square_root(square) * splat(lanes, root) + splat(lanes, eps)
            store(value - splat(lanes, size) * mean / width, parameter + i)
        for i in range(4 * whole, 4 * end, 4):
            number = read_float(parameter + i)
            incline = read_float(gradient + i) + decay * number
            centre = beta1 * read_float(first + i) + (one - beta1) * incline
            spread = beta2 * read_float(second + i) + (one - beta2) * incline * incline
            write_float(centre, first + i)
            write_float(spread, second + i)
            denominator = np.float32(math.sqrt(spread)) * root + eps
            write_float(number - size * centre / denominator, parameter + i)

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
    )
