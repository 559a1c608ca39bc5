"""Functions of all channels of one position: what softmax and its logarithm have in common."""

from collections.abc import Callable
from typing import Any

from nbcnn.kernels.cpu.language.later import njit
from nbcnn.kernels.cpu.language.vector import load, where
from nbcnn.kernels.cpu.program.calls import Activation, extent, grid
from nbcnn.kernels.cpu.program.program import Program, in_place_or_new


@njit(error_model="numpy")
def largest(lanes, address, step, count):
    """The largest of `count` vectors that lie `step` bytes apart; not-a-number wins."""
    best = load(lanes, address)
    for number in range(1, count):
        value = load(lanes, address + number * step)
        best = where((value > best) | (value != value), value, best)
    return best


def add_over_channels(program: Program, kernel: Callable[..., Any], x: Activation) -> Activation:
    """Append a kernel that takes the channels of x, over x itself where nobody needs it; its gradient reads y."""
    y = in_place_or_new(program, x, f"softmax of {x.name}")
    y.kept |= program.differentiates
    program.each_block(program.call(kernel, **grid("x", x), **grid("y", y), **extent(x)), produces=y)
    return y


def add_over_channels_gradient(
    program: Program, kernel: Callable[..., Any], dy: Activation, y: Activation
) -> Activation:
    """Append the kernel of the way back, over dy where nobody else needs it."""
    dx = in_place_or_new(program, dy, f"gradient of {y.name}")
    call = program.call(kernel, **grid("dy", dy), **grid("y", y), **grid("dx", dx), **extent(y))
    program.each_block(call, produces=dx)
    return dx
