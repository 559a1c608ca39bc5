"""Functions of single numbers: each file gives formulas on vectors, this one visits every number with them."""

import inspect
from collections.abc import Callable
from typing import Any

from nbcnn.kernels.cpu.language.later import njit, overload
from nbcnn.kernels.cpu.language.row import Body, arguments
from nbcnn.kernels.cpu.language.vector import load, store
from nbcnn.kernels.cpu.program.calls import Activation, extent, grid
from nbcnn.kernels.cpu.program.program import Program, in_place_or_new

_FORMULAS: dict[str, Any] = {}
_ARITIES: dict[str, int] = {}


def formula(name: str) -> Callable[[Callable[..., Any]], Any]:
    """Register a function of vectors under a name, by which a cached kernel can find it again in another process.

    It takes the vectors first and then as many of the layer's settings (float32) as it has parameters left.
    """

    def register(function: Callable[..., Any]) -> Any:
        _FORMULAS[name] = njit(error_model="numpy")(function)
        _ARITIES[name] = len(inspect.signature(function).parameters)
        return function

    return register


def evaluate(name, first, second, *vectors):
    """The formula of a name on one or two vectors, with as many of the two settings as it takes; for kernels."""
    raise NotImplementedError("known to compiled kernels only")


@overload(evaluate, prefer_literal=True)
def _evaluate_overload(name, first, second, *vectors):
    function, settings = _FORMULAS[name.literal_value], _ARITIES[name.literal_value] - len(vectors)
    return _CALLS[len(vectors), settings](function)


# Numba cannot spread a tuple over arguments here, so every number of vectors and settings has a line.
_CALLS: dict[tuple[int, int], Callable[[Any], Any]] = {
    (1, 0): lambda f: lambda name, first, second, *vectors: f(vectors[0]),
    (1, 1): lambda f: lambda name, first, second, *vectors: f(vectors[0], first),
    (1, 2): lambda f: lambda name, first, second, *vectors: f(vectors[0], first, second),
    (2, 0): lambda f: lambda name, first, second, *vectors: f(vectors[0], vectors[1]),
    (2, 1): lambda f: lambda name, first, second, *vectors: f(vectors[0], vectors[1], first),
    (2, 2): lambda f: lambda name, first, second, *vectors: f(vectors[0], vectors[1], first, second),
}


def unary(lanes: int, name: str) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, x_channel, x_plane, x_row, y, y_channel, y_plane, y_row, channels, depth, rows, columns, first, second = (
            arguments("biiibiiiiiiirr", arena, row, index, slot)
        )
        for channel in range(channels):
            for plane in range(depth):
                for line in range(rows):
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    target = y + channel * y_channel + plane * y_plane + line * y_row
                    for column in range(columns):
                        value = evaluate(name, first, second, load(lanes, source + 4 * lanes * column))
                        store(value, target + 4 * lanes * column)

    return body


def binary(lanes: int, name: str) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            a,
            a_channel,
            a_plane,
            a_row,
            b,
            b_channel,
            b_plane,
            b_row,
            y,
            y_channel,
            y_plane,
            y_row,
            channels,
            depth,
            rows,
            columns,
            first,
            second,
        ) = arguments("biiibiiibiiiiiiirr", arena, row, index, slot)
        for channel in range(channels):
            for plane in range(depth):
                for line in range(rows):
                    left = a + channel * a_channel + plane * a_plane + line * a_row
                    right = b + channel * b_channel + plane * b_plane + line * b_row
                    target = y + channel * y_channel + plane * y_plane + line * y_row
                    for column in range(columns):
                        step = 4 * lanes * column
                        value = evaluate(name, first, second, load(lanes, left + step), load(lanes, right + step))
                        store(value, target + step)

    return body


def add_unary(program: Program, name: str, x: Activation, y: Activation, *settings: float) -> None:
    """Append y = formula(x, *settings) to the walk; x and y may be one buffer."""
    call = program.call(unary, name, **grid("x", x), **grid("y", y), **extent(x), **_settings(settings))
    program.each_block(call, produces=y)


def add_binary(program: Program, name: str, a: Activation, b: Activation, y: Activation, *settings: float) -> None:
    """Append y = formula(a, b, *settings) to the walk; y may be the buffer of a or b."""
    call = program.call(
        binary, name, **grid("a", a), **grid("b", b), **grid("y", y), **extent(y), **_settings(settings)
    )
    program.each_block(call, produces=y)


def _settings(settings: tuple[float, ...]) -> dict[str, float]:
    first, second = (*settings, 0.0, 0.0)[:2]
    return {"first": float(first), "second": float(second)}


def add_forward(
    program: Program, name: str, x: Activation, *settings: float, gradient_reads_x: bool = False
) -> Activation:
    """formula(x, *settings), over x itself where nobody needs x any more.

    The gradient of the function reads y, or x where `gradient_reads_x`; what it reads is kept.
    """
    x.kept |= program.differentiates and gradient_reads_x
    y = in_place_or_new(program, x, name)
    add_unary(program, name, x, y, *settings)
    y.kept |= program.differentiates and not gradient_reads_x
    return y


def add_backward(program: Program, name: str, dy: Activation, known: Activation, *settings: float) -> Activation:
    """formula(dy, known, *settings), over dy where nobody else needs it; `known` is the function's y or x."""
    dx = in_place_or_new(program, dy, f"{name} of {known.name}")
    add_binary(program, name, dy, known, dx, *settings)
    return dx
