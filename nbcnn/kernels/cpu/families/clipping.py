"""Clipping by the norm of all gradients together: squares by chunk, one factor from all of them, and its use."""

import math

import numpy as np

from nbcnn.kernels.cpu.families.sums import CHUNK
from nbcnn.kernels.cpu.families.tails import load_first, store_first
from nbcnn.kernels.cpu.language.row import Body, arguments, read_float, write_float
from nbcnn.kernels.cpu.language.vector import horizontal_sum, splat
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Call
from nbcnn.kernels.cpu.program.program import Program


def squares(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        gradient, count, sums, first = arguments("bibi", arena, row, index, slot)
        last = min(count, (index + 1) * CHUNK)
        sum_ = splat(lanes, 0.0)
        for i in range(index * CHUNK, last, lanes):
            value = load_first(lanes, gradient + 4 * i, last - i)
            sum_ = sum_ + value * value
        write_float(horizontal_sum(sum_), sums + 4 * (first + index))

    return body


def add_squares(program: Program, gradient: Array, sums: Array, first: int) -> Call:
    """A call, over `parts_of` parts, that puts the sum of squares of part i into sums[first + i]."""
    return program.call(squares, gradient=gradient, count=math.prod(gradient.shape), sums=sums, first=first)


def shrinkage(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        sums, count, factor, limit = arguments("bibr", arena, row, index, slot)
        sum_ = 0.0
        for i in range(count):
            sum_ += np.float64(read_float(sums + 4 * i))
        share = np.float64(limit) / (math.sqrt(sum_) + 1e-6)
        write_float(np.float32(1.0 if share > 1.0 else share), factor)

    return body


def add_shrinkage(program: Program, sums: Array, factor: Array, limit: float) -> Call:
    """A call that puts into `factor` what brings a norm, whose square is the sum of `sums`, down to `limit`.

    limit / (norm + 1e-6), at most 1: the rule of torch.nn.utils.clip_grad_norm_.
    """
    return program.call(shrinkage, sums=sums, count=math.prod(sums.shape), factor=factor, limit=limit)


def scaled(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        gradient, count, factor = arguments("bib", arena, row, index, slot)
        share = splat(lanes, read_float(factor))
        last = min(count, (index + 1) * CHUNK)
        for i in range(index * CHUNK, last, lanes):
            store_first(load_first(lanes, gradient + 4 * i, last - i) * share, gradient + 4 * i, last - i)

    return body


def add_scaled(program: Program, gradient: Array, factor: Array) -> Call:
    """A call, over `parts_of` parts, that multiplies the gradient by `factor`."""
    return program.call(scaled, gradient=gradient, count=math.prod(gradient.shape), factor=factor)
