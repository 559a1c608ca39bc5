"""Shares of a whole: softmax over the channels."""

from nbcnn.kernels.cpu.families.channels import add_over_channels, add_over_channels_gradient, largest
from nbcnn.kernels.cpu.language.row import Body, arguments
from nbcnn.kernels.cpu.language.vector import exponential, load, splat, store
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


def share(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, x_channel, x_plane, x_row, y, y_channel, y_plane, y_row, channels, depth, rows, columns = arguments(
            "biiibiiiiiii", arena, row, index, slot
        )
        for plane in range(depth):
            for line in range(rows):
                for column in range(columns):
                    source = x + plane * x_plane + line * x_row + 4 * lanes * column
                    target = y + plane * y_plane + line * y_row + 4 * lanes * column
                    best = largest(lanes, source, x_channel, channels)
                    sum_ = splat(lanes, 0.0)
                    for channel in range(channels):
                        weight = exponential(load(lanes, source + channel * x_channel) - best)
                        sum_ = sum_ + weight
                        store(weight, target + channel * y_channel)
                    whole = splat(lanes, 1.0) / sum_
                    for channel in range(channels):
                        place = target + channel * y_channel
                        store(load(lanes, place) * whole, place)

    return body


def share_gradient(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            dy,
            dy_channel,
            dy_plane,
            dy_row,
            y,
            y_channel,
            y_plane,
            y_row,
            dx,
            dx_channel,
            dx_plane,
            dx_row,
            channels,
            depth,
            rows,
            columns,
        ) = arguments("biiibiiibiiiiiii", arena, row, index, slot)
        for plane in range(depth):
            for line in range(rows):
                for column in range(columns):
                    upstream = dy + plane * dy_plane + line * dy_row + 4 * lanes * column
                    known = y + plane * y_plane + line * y_row + 4 * lanes * column
                    target = dx + plane * dx_plane + line * dx_row + 4 * lanes * column
                    sum_ = splat(lanes, 0.0)
                    for channel in range(channels):
                        sum_ = sum_ + load(lanes, upstream + channel * dy_channel) * load(
                            lanes, known + channel * y_channel
                        )
                    for channel in range(channels):
                        rest = load(lanes, upstream + channel * dy_channel) - sum_
                        store(rest * load(lanes, known + channel * y_channel), target + channel * dx_channel)

    return body


def softmax(program: Program, x: Activation) -> Activation:
    """e**x divided by its sum over the channels."""
    return add_over_channels(program, share, x)


def softmax_gradient(program: Program, dy: Activation, x: Activation, y: Activation) -> tuple[Activation]:
    """y (dy - the sum of dy y over the channels)."""
    return (add_over_channels_gradient(program, share_gradient, dy, y),)
