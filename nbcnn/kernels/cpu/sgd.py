"""Stochastic gradient descent on one parameter, in chunks."""

import math

import numpy as np

from nbcnn.kernels.cpu.program import Argument, Array, Call, Program
from nbcnn.kernels.cpu.row import Body, arguments, read_float, write_float
from nbcnn.kernels.cpu.sums import CHUNK


def descend(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        parameter, gradient, velocity, count, step, rate, momentum, nesterov, decay = arguments(
            "bbbiwdrir", arena, row, index, slot
        )
        rate = np.float32(rate)
        for i in range(index * CHUNK, min(count, (index + 1) * CHUNK)):
            value = read_float(parameter + 4 * i)
            slope = read_float(gradient + 4 * i) + decay * value
            if momentum != np.float32(0.0):
                speed = slope
                if step > 1:
                    speed = momentum * read_float(velocity + 4 * i) + slope
                write_float(speed, velocity + 4 * i)
                slope = slope + momentum * speed if nesterov else speed
            write_float(value - rate * slope, parameter + 4 * i)

    return body


def sgd(
    program: Program,
    parameter: Array,
    gradient: Array,
    momentum_buffer: Array,
    *,
    lr: Argument,
    momentum: float,
    nesterov: bool,
    weight_decay: float,
    step: Argument,
) -> Call:
    """PyTorch's rule: the velocity holds no learning rate, and its first value is the first gradient."""
    return program.call(
        descend,
        parameter=parameter,
        gradient=gradient,
        momentum_buffer=momentum_buffer,
        count=math.prod(parameter.shape),
        step=step,
        lr=lr,
        momentum=momentum,
        nesterov=int(nesterov),
        weight_decay=weight_decay,
    )
