"""Channels of several groups dealt out in turn."""

from nbcnn.kernels.cpu.language.row import Body, arguments
from nbcnn.kernels.cpu.language.vector import load, store
from nbcnn.kernels.cpu.program.calls import Activation, extent, grid
from nbcnn.kernels.cpu.program.program import Program


def deal(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, x_channel, x_plane, x_row, y, y_channel, y_plane, y_row, channels, depth, rows, columns, groups = arguments(
            "biiibiiiiiiii", arena, row, index, slot
        )
        for channel in range(channels):
            dealt = channel % groups * (channels // groups) + channel // groups
            for plane in range(depth):
                for line in range(rows):
                    source = x + dealt * x_channel + plane * x_plane + line * x_row
                    target = y + channel * y_channel + plane * y_plane + line * y_row
                    for column in range(columns):
                        store(load(lanes, source + 4 * lanes * column), target + 4 * lanes * column)

    return body


def channel_shuffle(program: Program, x: Activation, *, groups: int) -> Activation:
    """The first channel of every group, then the second of every group, and so on."""
    y = program.activation(f"{x.name} shuffled", x.channels, x.space)
    call = program.call(deal, **grid("x", x), **grid("y", y), **extent(x), groups=groups)
    program.each_block(call, produces=y)
    return y


def channel_shuffle_gradient(
    program: Program, dy: Activation, x: Activation, y: Activation, *, groups: int
) -> tuple[Activation]:
    """The channels of dy back in their groups."""
    return (channel_shuffle(program, dy, groups=x.channels // groups),)
