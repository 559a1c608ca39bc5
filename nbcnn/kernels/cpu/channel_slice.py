"""Some of the channels."""

from nbcnn.kernels.cpu.families.copying import add_copy
from nbcnn.kernels.cpu.language.row import Body, arguments
from nbcnn.kernels.cpu.language.vector import load, splat, store
from nbcnn.kernels.cpu.program.calls import Activation, extent, grid
from nbcnn.kernels.cpu.program.program import Program


def among_zeros(lanes: int) -> Body:
    """The channels of x at their places among channels of zeros."""

    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, x_channel, x_plane, x_row, y, y_channel, y_plane, y_row, channels, depth, rows, columns, start, stop = (
            arguments("biiibiiiiiiiii", arena, row, index, slot)
        )
        zero = splat(lanes, 0.0)
        for channel in range(channels):
            taken = start <= channel < stop
            for plane in range(depth):
                for line in range(rows):
                    source = x + (channel - start) * x_channel + plane * x_plane + line * x_row
                    target = y + channel * y_channel + plane * y_plane + line * y_row
                    if taken:
                        for column in range(columns):
                            store(load(lanes, source + 4 * lanes * column), target + 4 * lanes * column)
                    else:
                        for column in range(columns):
                            store(zero, target + 4 * lanes * column)

    return body


def channel_slice(program: Program, x: Activation, *, start: int, stop: int) -> Activation:
    """The channels from `start` up to, not with, `stop`."""
    y = program.activation(f"{x.name} sliced", stop - start, x.space)
    add_copy(program, x, y, stop - start, from_channel=start)
    return y


def channel_slice_gradient(
    program: Program, dy: Activation, x: Activation, y: Activation, *, start: int, stop: int
) -> tuple[Activation | None]:
    """dy in the channels that were taken, 0 in the others."""
    if not x.wants_gradient:
        return (None,)
    dx = program.activation(f"{x.name} gradient", x.channels, x.space)
    call = program.call(among_zeros, **grid("x", dy), **grid("y", dx), **extent(dx), start=start, stop=stop)
    program.each_block(call, produces=dx)
    return (dx,)
