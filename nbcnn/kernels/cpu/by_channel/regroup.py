"""Between numbers one channel after the other, as callers have them, and channels as lanes."""

from nbcnn.kernels.cpu.by_channel.layout import Blocked, blocked
from nbcnn.kernels.cpu.language.row import Body, arguments, read_float, write_float
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import extent, grid
from nbcnn.kernels.cpu.program.program import Program


def gather(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, x_origin, x_channel, x_plane, x_row, y, y_channel, y_plane, y_row, channels, depth, rows, columns = (
            arguments("biiiibiiiiiii", arena, row, index, slot)
        )
        for channel in range(channels):
            block = channel // lanes
            start = y + block * y_channel + 4 * (channel - block * lanes)
            for plane in range(depth):
                for line in range(rows):
                    source = x + x_origin + channel * x_channel + plane * x_plane + line * x_row
                    target = start + plane * y_plane + line * y_row
                    for column in range(columns):
                        write_float(read_float(source + 4 * column), target + 4 * lanes * column)

    return body


def scatter(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, x_channel, x_plane, x_row, y, channels, depth, rows, columns = arguments(
            "biiibiiii", arena, row, index, slot
        )
        for channel in range(channels):
            block = channel // lanes
            start = x + block * x_channel + 4 * (channel - block * lanes)
            for plane in range(depth):
                for line in range(rows):
                    source = start + plane * x_plane + line * x_row
                    for column in range(columns):
                        write_float(read_float(source + 4 * lanes * column), y)
                        y += 4

    return body


def into_lanes(program: Program, x: Blocked) -> Blocked:
    """x with channels as lanes, a copy where it is the network's input."""
    if x.plane is None:
        return x
    y = blocked(program, "input by channel", x.channels, x.activation.space)
    strides = {name: stride for name, stride in grid("x", x.activation).items() if name != "x"}
    call = program.call(
        gather,
        x=x.plane,
        # The array begins with the halo.
        x_origin=lambda: x.activation.origin,
        **strides,
        **grid("y", y.activation),
        **extent(x.activation) | {"channels": x.channels},
    )
    program.each_block(call, produces=y.activation)
    return y


def add_scatter(program: Program, x: Blocked, target: Array) -> None:
    """Append to the walk: the numbers of x one channel after the other."""
    call = program.call(scatter, **grid("x", x.activation), y=target, **extent(x.activation) | {"channels": x.channels})
    program.each_block(call)
