"""Adagrad on one parameter, in chunks of whole vectors."""

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
        parameter, gradient, squares, count, step, rate, rate_decay, decay, eps = arguments(
            "bbbiwdrrr", arena, row, index, slot
        )
        size = np.float32(rate / (1.0 + (step - 1) * np.float64(rate_decay)))
        last = min(count, (index + 1) * CHUNK)
        for i in range(index * CHUNK, last, lanes):
            left = last - i
            value = load_first(lanes, parameter + 4 * i, left)
            slope = load_first(lanes, gradient + 4 * i, left) + splat(lanes, decay) * value
            square = load_first(lanes, squares + 4 * i, left) + slope * slope
            store_first(square, squares + 4 * i, left)
            width = square_root(square) + splat(lanes, eps)
            store_first(value - splat(lanes, size) * slope / width, parameter + 4 * i, left)

    return body


def adagrad(
    program: Program,
    parameter: Array,
    gradient: Array,
    sum: Array,
    *,
    lr: Argument,
    lr_decay: float,
    weight_decay: float,
    eps: float,
    step: Argument,
) -> Call:
    """PyTorch's rule: eps is outside the root (Duchi, Hazan and Singer 2011, figure 1)."""
    return program.call(
        descend,
        parameter=parameter,
        gradient=gradient,
        sum=sum,
        count=math.prod(parameter.shape),
        step=step,
        lr=lr,
        lr_decay=lr_decay,
        weight_decay=weight_decay,
        eps=eps,
    )
