"""Products of branches, of which all but the first may have one number a channel, as in squeeze-and-excitation."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.elementwise import add_binary, formula
from nbcnn.kernels.cpu.language.row import Body, arguments
from nbcnn.kernels.cpu.language.vector import load, splat, store
from nbcnn.kernels.cpu.program.calls import Activation, Argument, At, extent, grid
from nbcnn.kernels.cpu.program.program import Program


@formula("multiply")
def _product(a: Any, b: Any) -> Any:
    return a * b


def scale(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            x_channel,
            x_plane,
            x_row,
            factor,
            factor_channel,
            y,
            y_channel,
            y_plane,
            y_row,
            channels,
            depth,
            rows,
            columns,
        ) = arguments("biiibibiiiiiii", arena, row, index, slot)
        for channel in range(channels):
            here = load(lanes, factor + channel * factor_channel)
            for plane in range(depth):
                for line in range(rows):
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    target = y + channel * y_channel + plane * y_plane + line * y_row
                    for column in range(columns):
                        store(load(lanes, source + 4 * lanes * column) * here, target + 4 * lanes * column)

    return body


def products_by_channel(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        a, a_channel, a_plane, a_row, b, b_channel, b_plane, b_row, y, y_channel, channels, depth, rows, columns = (
            arguments("biiibiiibiiiii", arena, row, index, slot)
        )
        for channel in range(channels):
            sum_ = splat(lanes, np.float32(0.0))
            for plane in range(depth):
                for line in range(rows):
                    left = a + channel * a_channel + plane * a_plane + line * a_row
                    right = b + channel * b_channel + plane * b_plane + line * b_row
                    for column in range(columns):
                        step = 4 * lanes * column
                        sum_ = sum_ + load(lanes, left + step) * load(lanes, right + step)
            store(sum_, y + channel * y_channel)

    return body


def multiply(program: Program, x: tuple[Activation, ...]) -> Activation:
    """The product of all of x; each after the first has its space or one number a channel."""
    for each in x:
        each.kept = each.kept or program.differentiates
    whole, *factors = x
    return _product_of(program, whole, factors, whole)


def multiply_gradient(
    program: Program, dy: Activation, x: tuple[Activation, ...], y: Activation
) -> tuple[tuple[Activation | None, ...]]:
    """Each branch gets dy times all others; one number a channel the sum over its space."""
    whole = x[0]
    gradients: list[Activation | None] = []
    for number, each in enumerate(x):
        if not each.wants_gradient:
            gradients.append(None)
            continue
        others = [other for place, other in enumerate(x) if place != number]
        if each.space == whole.space:
            gradients.append(_product_of(program, dy, others, whole))
            continue
        left = _product_of(program, dy, others[1:], whole) if len(others) > 1 else dy
        dx = program.activation(f"{each.name} gradient", each.channels, each.space)
        call = program.call(
            products_by_channel, **grid("a", left), **grid("b", whole), **_by_channel("y", dx), **extent(whole)
        )
        program.each_block(call, produces=dx)
        gradients.append(dx)
    return (tuple(gradients),)


def _product_of(program: Program, first: Activation, factors: Sequence[Activation], whole: Activation) -> Activation:
    """A new activation, as large as `whole`: `first` times all factors, of which there is at least one."""
    y = program.activation("product", whole.channels, whole.space)
    for factor in factors:
        _add_product(program, first, factor, y)
        first = y
    return y


def _add_product(program: Program, whole: Activation, factor: Activation, y: Activation) -> None:
    if factor.space == whole.space:
        add_binary(program, "multiply", whole, factor, y)
        return
    call = program.call(scale, **grid("x", whole), **_by_channel("factor", factor), **grid("y", y), **extent(whole))
    program.each_block(call, produces=y)


def _by_channel(name: str, x: Activation) -> dict[str, Argument]:
    """Arguments that let a kernel visit the one number of each channel of `x`."""
    return {name: At(x), f"{name}_channel": lambda: x.channel_stride}
