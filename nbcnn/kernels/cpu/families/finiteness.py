"""The watch over a step: a number that is not finite, in what an update would use, sets a word that holds it back.

Zero times an infinity or times what is no number is no number, so one multiply-add a vector is all that looking costs.
"""

import math

import numpy as np

from nbcnn.kernels.cpu.families.sums import CHUNK
from nbcnn.kernels.cpu.families.tails import load_first
from nbcnn.kernels.cpu.families.targets import SCORES
from nbcnn.kernels.cpu.language.later import njit
from nbcnn.kernels.cpu.language.row import Body, arguments, read_float, write_word
from nbcnn.kernels.cpu.language.vector import horizontal_sum, splat
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Call
from nbcnn.kernels.cpu.program.program import NOT_FINITE, Program


@njit
def hold_back_unless_finite(number, found):
    """Set the word that holds the update back where a number, or the sum that it is, is not finite."""
    if 0.0 * number != 0.0:
        # Several threads may write the same at once.
        write_word(1, found)


def numbers(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        values, count, chunk, found = arguments("biib", arena, row, index, slot)
        last = min(count, (index + 1) * chunk)
        zero = splat(lanes, np.float32(0.0))
        sum_ = zero
        for i in range(index * chunk, last, lanes):
            sum_ = sum_ + zero * load_first(lanes, values + 4 * i, last - i)
        hold_back_unless_finite(horizontal_sum(sum_), found)

    return body


def add_watch(program: Program, values: Array, chunk: int = CHUNK) -> Call:
    """A call, over parts of so many numbers, that holds the update back where one of `values` is not finite."""
    values.watched = True
    count = math.prod(values.shape)
    return program.call(numbers, values=values, count=count, chunk=chunk, found=program.state(NOT_FINITE))


def scores(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        port, samples, found = arguments("wwb", arena, row, index, slot)
        sum_ = np.float32(0.0)
        for sample in range(samples):
            sum_ += np.float32(0.0) * read_float(port + 4 * SCORES * sample)
        hold_back_unless_finite(sum_, found)

    return body


def add_watch_of_loss(program: Program) -> Call:
    """A call that holds the update back where the loss of a sample, at port `scores`, is not finite."""
    return program.call(
        scores, port=program.port("scores"), samples=program.state("samples"), found=program.state(NOT_FINITE)
    )
