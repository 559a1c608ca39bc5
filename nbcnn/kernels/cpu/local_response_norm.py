"""Local response normalisation: every number is damped by the squares of its neighbours in other channels."""

from typing import Any

import numpy as np

from nbcnn.kernels.cpu.language.later import njit
from nbcnn.kernels.cpu.language.row import Body, arguments
from nbcnn.kernels.cpu.language.vector import exponential, filled, load, logarithm, splat, square_root, store
from nbcnn.kernels.cpu.program.calls import Activation, Argument, extent, grid
from nbcnn.kernels.cpu.program.program import Program, in_place_or_new


@njit(error_model="numpy")
def _inverse_power(base: Any, beta: Any) -> Any:
    """base**-beta for a base above 0; that of AlexNet, 3/4, by two square roots."""
    if beta == np.float32(0.75):
        return filled(base, np.float32(1.0)) / square_root(base * square_root(base))
    return exponential(filled(base, -beta) * logarithm(base))


@njit(error_model="numpy")
def _base(lanes, place, channel_step, channel, channels, size, factor, k):
    """k plus factor times the squares in the window of the channel at `place`."""
    sum_ = splat(lanes, np.float32(0.0))
    for other in range(max(0, channel - size // 2), min(channels, channel + (size - 1) // 2 + 1)):
        x = load(lanes, place + (other - channel) * channel_step)
        sum_ = sum_ + x * x
    return splat(lanes, k) + splat(lanes, factor) * sum_


def respond(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            x_channel,
            x_plane,
            x_row,
            y,
            y_channel,
            y_plane,
            y_row,
            channels,
            depth,
            rows,
            columns,
            size,
            factor,
            beta,
            k,
        ) = arguments("biiibiiiiiiiirrr", arena, row, index, slot)
        for channel in range(channels):
            for plane in range(depth):
                for line in range(rows):
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    target = y + channel * y_channel + plane * y_plane + line * y_row
                    for column in range(columns):
                        place = source + 4 * lanes * column
                        base = _base(lanes, place, x_channel, channel, channels, size, factor, k)
                        store(load(lanes, place) * _inverse_power(base, beta), target + 4 * lanes * column)

    return body


def respond_directly(lanes: int) -> Body:
    """dx as far as a number acts on itself, and what each channel passes on through the squares of its window."""

    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            x_channel,
            x_plane,
            x_row,
            dy,
            dy_channel,
            dy_plane,
            dy_row,
            dx,
            dx_channel,
            dx_plane,
            dx_row,
            through,
            through_channel,
            through_plane,
            through_row,
            channels,
            depth,
            rows,
            columns,
            size,
            factor,
            beta,
            k,
        ) = arguments("biiibiiibiiibiiiiiiiirrr", arena, row, index, slot)
        for channel in range(channels):
            for plane in range(depth):
                for line in range(rows):
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    upstream = dy + channel * dy_channel + plane * dy_plane + line * dy_row
                    target = dx + channel * dx_channel + plane * dx_plane + line * dx_row
                    squares = through + channel * through_channel + plane * through_plane + line * through_row
                    for column in range(columns):
                        step = 4 * lanes * column
                        base = _base(lanes, source + step, x_channel, channel, channels, size, factor, k)
                        direct = load(lanes, upstream + step) * _inverse_power(base, beta)
                        store(direct, target + step)
                        store(direct * load(lanes, source + step) / base, squares + step)

    return body


def respond_through_squares(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            x_channel,
            x_plane,
            x_row,
            dx,
            dx_channel,
            dx_plane,
            dx_row,
            through,
            through_channel,
            through_plane,
            through_row,
            channels,
            depth,
            rows,
            columns,
            size,
            factor,
        ) = arguments("biiibiiibiiiiiiiir", arena, row, index, slot)
        weight = splat(lanes, factor)
        for channel in range(channels):
            # The channels whose windows hold this one: the window mirrored.
            first, last = max(0, channel - (size - 1) // 2), min(channels, channel + size // 2 + 1)
            for plane in range(depth):
                for line in range(rows):
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    target = dx + channel * dx_channel + plane * dx_plane + line * dx_row
                    squares = through + plane * through_plane + line * through_row
                    for column in range(columns):
                        step = 4 * lanes * column
                        sum_ = splat(lanes, np.float32(0.0))
                        for other in range(first, last):
                            sum_ = sum_ + load(lanes, squares + other * through_channel + step)
                        store(load(lanes, target + step) - weight * load(lanes, source + step) * sum_, target + step)

    return body


def _settings(size: int, alpha: float, beta: float, k: float) -> dict[str, Argument]:
    return {"size": size, "factor": float(alpha / size), "beta": float(beta), "k": float(k)}


def local_response_norm(
    program: Program, x: Activation, *, size: int, alpha: float, beta: float, k: float
) -> Activation:
    """x / (k + alpha / size * sum of squares over neighbouring channels) ** beta."""
    x.kept |= program.differentiates
    y = program.activation("local response norm", x.channels, x.space)
    call = program.call(respond, **grid("x", x), **grid("y", y), **extent(x), **_settings(size, alpha, beta, k))
    program.each_block(call, produces=y)
    return y


def local_response_norm_gradient(
    program: Program, dy: Activation, x: Activation, y: Activation, *, size: int, alpha: float, beta: float, k: float
) -> tuple[Activation | None]:
    """A number acts on itself, and through its square on every channel whose window holds it."""
    if not x.wants_gradient:
        return (None,)
    through = program.activation("through squares", x.channels, x.space)
    dx = in_place_or_new(program, dy, "local response norm gradient")
    program.each_block(
        program.call(
            respond_directly,
            **grid("x", x),
            **grid("dy", dy),
            **grid("dx", dx),
            **grid("through", through),
            **extent(x),
            **_settings(size, alpha, beta, k),
        )
    )
    call = program.call(
        respond_through_squares,
        **grid("x", x),
        **grid("dx", dx),
        **grid("through", through),
        **extent(x),
        size=size,
        factor=float(2.0 * alpha * beta / size),
    )
    program.each_block(call, produces=dx)
    return (dx,)
