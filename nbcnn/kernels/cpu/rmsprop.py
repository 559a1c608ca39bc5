"""RMSprop on one parameter, in chunks of whole vectors."""

import math

import numpy as np

from nbcnn.kernels.cpu.families.sums import CHUNK
from nbcnn.kernels.cpu.families.tails import load_first, store_first
from nbcnn.kernels.cpu.language.row import Body, arguments
from nbcnn.kernels.cpu.language.vector import splat, square_root, where
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Argument, Call
from nbcnn.kernels.cpu.program.program import Program


def descend(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            parameter,
            gradient,
            second,
            velocity,
            first,
            remembers,
            centers,
            count,
            rate,
            alpha,
            fresh,
            eps,
            decay,
            momentum,
        ) = arguments("bbbbbiiidrrrrr", arena, row, index, slot)
        zero = splat(lanes, 0.0)
        last = min(count, (index + 1) * CHUNK)
        for i in range(index * CHUNK, last, lanes):
            left = last - i
            value = load_first(lanes, parameter + 4 * i, left)
            slope = load_first(lanes, gradient + 4 * i, left) + splat(lanes, decay) * value
            square = load_first(lanes, second + 4 * i, left)
            square = splat(lanes, alpha) * square + splat(lanes, fresh) * slope * slope
            store_first(square, second + 4 * i, left)
            if centers:
                mean = splat(lanes, alpha) * load_first(lanes, first + 4 * i, left) + splat(lanes, fresh) * slope
                store_first(mean, first + 4 * i, left)
                square = square - mean * mean
                square = where(square < zero, zero, square)
            slope = slope / (square_root(square) + splat(lanes, eps))
            if remembers:
                slope = splat(lanes, momentum) * load_first(lanes, velocity + 4 * i, left) + slope
                store_first(slope, velocity + 4 * i, left)
            store_first(value - splat(lanes, np.float32(rate)) * slope, parameter + 4 * i, left)

    return body


def rmsprop(
    program: Program,
    parameter: Array,
    gradient: Array,
    square_avg: Array,
    momentum_buffer: Array | None,
    grad_avg: Array | None,
    *,
    lr: Argument,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    centered: bool,
    step: Argument,
) -> Call:
    """PyTorch's rule: eps is outside the root (Tieleman and Hinton 2012, lecture 6.5)."""
    return program.call(
        descend,
        parameter=parameter,
        gradient=gradient,
        square_avg=square_avg,
        momentum_buffer=momentum_buffer or parameter,
        grad_avg=grad_avg or parameter,
        remembers=int(momentum_buffer is not None),
        centers=int(grad_avg is not None),
        count=math.prod(parameter.shape),
        lr=lr,
        alpha=alpha,
        fresh=1.0 - alpha,
        eps=eps,
        weight_decay=weight_decay,
        momentum=momentum,
    )
