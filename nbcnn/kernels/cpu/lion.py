"""Lion on one parameter, in chunks of whole vectors."""

import math

import numpy as np

from nbcnn.kernels.cpu.families.sums import CHUNK
from nbcnn.kernels.cpu.families.tails import load_first, store_first
from nbcnn.kernels.cpu.language.row import Body, arguments
from nbcnn.kernels.cpu.language.vector import splat, where
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Argument, Call
from nbcnn.kernels.cpu.program.program import Program


def descend(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        parameter, gradient, momentum, count, rate, beta1, fresh1, beta2, fresh2, decay = arguments(
            "bbbidrrrrr", arena, row, index, slot
        )
        zero, one = splat(lanes, 0.0), splat(lanes, 1.0)
        size = splat(lanes, np.float32(rate))
        last = min(count, (index + 1) * CHUNK)
        for i in range(index * CHUNK, last, lanes):
            left = last - i
            value = load_first(lanes, parameter + 4 * i, left)
            slope = load_first(lanes, gradient + 4 * i, left)
            mean = load_first(lanes, momentum + 4 * i, left)
            # What is not a number is neither above nor below 0, and stays.
            sign = splat(lanes, beta1) * mean + splat(lanes, fresh1) * slope
            sign = where(sign > zero, one, where(sign < zero, zero - one, sign))
            store_first(splat(lanes, beta2) * mean + splat(lanes, fresh2) * slope, momentum + 4 * i, left)
            store_first(value - size * (sign + splat(lanes, decay) * value), parameter + 4 * i, left)

    return body


def lion(
    program: Program,
    parameter: Array,
    gradient: Array,
    exp_avg: Array,
    *,
    lr: Argument,
    betas: tuple[float, float],
    weight_decay: float,
    step: Argument,
) -> Call:
    """The published rule (Chen et al. 2023, algorithm 2)."""
    return program.call(
        descend,
        parameter=parameter,
        gradient=gradient,
        exp_avg=exp_avg,
        count=math.prod(parameter.shape),
        lr=lr,
        beta1=betas[0],
        fresh1=1.0 - betas[0],
        beta2=betas[1],
        fresh2=1.0 - betas[1],
        weight_decay=weight_decay,
    )
