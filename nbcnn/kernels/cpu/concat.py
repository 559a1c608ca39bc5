"""Branches side by side along the channels."""

from collections.abc import Iterator

from nbcnn.kernels.cpu.families.copying import add_copy
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


def _with_first_channels(parts: tuple[Activation, ...]) -> Iterator[tuple[int, Activation]]:
    first = 0
    for part in parts:
        yield first, part
        first += part.channels


def concat(program: Program, x: tuple[Activation, ...]) -> Activation:
    """The channels of all of x, one after the other."""
    y = program.activation("concat", sum(each.channels for each in x), x[0].space)
    for first, each in _with_first_channels(x):
        add_copy(program, each, y, each.channels, to_channel=first)
    return y


def concat_gradient(
    program: Program, dy: Activation, x: tuple[Activation, ...], y: Activation
) -> tuple[tuple[Activation | None, ...]]:
    """For every branch the channels of dy that came from it."""
    gradients: list[Activation | None] = []
    for first, each in _with_first_channels(x):
        dx = None
        if each.wants_gradient:
            dx = program.activation(f"{each.name} gradient", each.channels, each.space)
            add_copy(program, dy, dx, each.channels, from_channel=first)
        gradients.append(dx)
    return (tuple(gradients),)
