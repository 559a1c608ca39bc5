"""Stochastic gradient descent on one parameter, in chunks of whole vectors."""

import math

import numpy as np

from nbcnn.kernels.cpu.families.sums import CHUNK
from nbcnn.kernels.cpu.families.tails import load_first, store_first
from nbcnn.kernels.cpu.language.row import Body, arguments
from nbcnn.kernels.cpu.language.vector import splat
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Argument, Call
from nbcnn.kernels.cpu.program.program import Program


def descend(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        parameter, gradient, velocity, remembers, count, step, rate, momentum, dampening, nesterov, decay = arguments(
            "bbbiiwdrrir", arena, row, index, slot
        )
        rate = np.float32(rate)
        fresh = np.float32(1.0)
        if step > 1:
            fresh -= dampening
        last = min(count, (index + 1) * CHUNK)
        for i in range(index * CHUNK, last, lanes):
            left = last - i
            value = load_first(lanes, parameter + 4 * i, left)
            slope = load_first(lanes, gradient + 4 * i, left) + splat(lanes, decay) * value
            if remembers:
                speed = load_first(lanes, velocity + 4 * i, left)
                speed = splat(lanes, momentum) * speed + splat(lanes, fresh) * slope
                store_first(speed, velocity + 4 * i, left)
                slope = slope + splat(lanes, momentum) * speed if nesterov else speed
            store_first(value - splat(lanes, rate) * slope, parameter + 4 * i, left)

    return body


def sgd(
    program: Program,
    parameter: Array,
    gradient: Array,
    momentum_buffer: Array | None,
    *,
    lr: Argument,
    momentum: float,
    dampening: float,
    nesterov: bool,
    weight_decay: float,
    step: Argument,
) -> Call:
    """PyTorch's rule: the velocity holds no learning rate, and its first value is the first gradient."""
    return program.call(
        descend,
        parameter=parameter,
        gradient=gradient,
        momentum_buffer=momentum_buffer or parameter,
        remembers=int(momentum_buffer is not None),
        count=math.prod(parameter.shape),
        step=step,
        lr=lr,
        momentum=momentum,
        dampening=dampening,
        nesterov=int(nesterov),
        weight_decay=weight_decay,
    )
