"""Functions of single numbers: each file gives two formulas on vectors, this one visits every number with them."""

from collections.abc import Callable
from typing import Any

from numba import njit
from numba.extending import overload

from nbcnn.kernels.cpu.program import Activation, Program, extent, grid, in_place_or_new
from nbcnn.kernels.cpu.row import Body, arguments
from nbcnn.kernels.cpu.vector import load, store

_FORMULAS: dict[str, Any] = {}


def formula(name: str) -> Callable[[Callable[..., Any]], Any]:
    """Register a function of vectors under a name, by which a cached kernel can find it again in another process."""

    def register(function: Callable[..., Any]) -> Any:
        _FORMULAS[name] = njit(error_model="numpy")(function)
        return function

    return register


def _evaluate(name, *vectors):
    raise NotImplementedError("known to compiled kernels only")


@overload(_evaluate, prefer_literal=True)
def _evaluate_overload(name, *vectors):
    function = _FORMULAS[name.literal_value]
    if len(vectors) == 1:
        return lambda name, *vectors: function(vectors[0])
    return lambda name, *vectors: function(vectors[0], vectors[1])


def forward(lanes: int, name: str) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, x_channel, x_plane, x_row, y, y_channel, y_plane, y_row, channels, depth, rows, columns = arguments(
            "biiibiiiiiii", arena, row, index, slot
        )
        for channel in range(channels):
            for plane in range(depth):
                for line in range(rows):
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    target = y + channel * y_channel + plane * y_plane + line * y_row
                    for column in range(columns):
                        value = _evaluate(name, load(lanes, source + 4 * lanes * column))
                        store(value, target + 4 * lanes * column)

    return body


def backward(lanes: int, name: str) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        dy, dy_channel, dy_plane, dy_row, y, y_channel, y_plane, y_row, channels, depth, rows, columns = arguments(
            "biiibiiiiiii", arena, row, index, slot
        )
        for channel in range(channels):
            for plane in range(depth):
                for line in range(rows):
                    target = dy + channel * dy_channel + plane * dy_plane + line * dy_row
                    source = y + channel * y_channel + plane * y_plane + line * y_row
                    for column in range(columns):
                        place = target + 4 * lanes * column
                        delta = _evaluate(name, load(lanes, place), load(lanes, source + 4 * lanes * column))
                        store(delta, place)

    return body


def add_forward(program: Program, name: str, x: Activation) -> Activation:
    """formula(x), over x itself where nobody needs x any more."""
    y = in_place_or_new(program, x, name)
    program.each_block(program.call(forward, name, **grid("x", x), **grid("y", y), **extent(x)), produces=y)
    y.kept = True
    return y


def add_backward(program: Program, name: str, dy: Activation, y: Activation) -> Activation:
    """Replace dy by formula(dy, y), where y is what the function gave."""
    program.each_block(program.call(backward, name, **grid("dy", dy), **grid("y", y), **extent(y)), produces=dy)
    return dy
