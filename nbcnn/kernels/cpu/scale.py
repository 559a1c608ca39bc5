"""A factor for each channel."""

from nbcnn.kernels.cpu.families.sums import PartialSums
from nbcnn.kernels.cpu.language.row import Body, arguments, read_float, write_float
from nbcnn.kernels.cpu.language.vector import horizontal_sum, load, splat, store
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation, extent, grid
from nbcnn.kernels.cpu.program.program import Program, in_place_or_new


def times_weight(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, x_channel, x_plane, x_row, y, y_channel, y_plane, y_row, channels, depth, rows, columns, weight = arguments(
            "biiibiiiiiiib", arena, row, index, slot
        )
        for channel in range(channels):
            factor = splat(lanes, read_float(weight + 4 * channel))
            for plane in range(depth):
                for line in range(rows):
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    target = y + channel * y_channel + plane * y_plane + line * y_row
                    for column in range(columns):
                        store(factor * load(lanes, source + 4 * lanes * column), target + 4 * lanes * column)

    return body


def times_weight_gradient(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            dy,
            dy_channel,
            dy_plane,
            dy_row,
            x,
            x_channel,
            x_plane,
            x_row,
            dx,
            dx_channel,
            dx_plane,
            dx_row,
            channels,
            depth,
            rows,
            columns,
            weight,
            result,
            blocks_per_partition,
        ) = arguments("biiibiiibiiiiiiibbi", arena, row, index, slot)
        partition = index // blocks_per_partition
        result += 4 * partition * channels
        for channel in range(channels):
            factor = splat(lanes, read_float(weight + 4 * channel))
            sum_ = splat(lanes, 0.0)
            for plane in range(depth):
                for line in range(rows):
                    upstream = dy + channel * dy_channel + plane * dy_plane + line * dy_row
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    target = dx + channel * dx_channel + plane * dx_plane + line * dx_row
                    for column in range(columns):
                        gradient = load(lanes, upstream + 4 * lanes * column)
                        sum_ = sum_ + gradient * load(lanes, source + 4 * lanes * column)
                        store(factor * gradient, target + 4 * lanes * column)
            single = horizontal_sum(sum_)
            if index > partition * blocks_per_partition:
                single += read_float(result + 4 * channel)
            write_float(single, result + 4 * channel)

    return body


def scale(program: Program, x: Activation, weight: Array) -> Activation:
    """Each channel of x times its weight."""
    x.kept |= program.differentiates
    y = in_place_or_new(program, x, "scaled")
    program.each_block(
        program.call(times_weight, **grid("x", x), **grid("y", y), **extent(x), weight=weight), produces=y
    )
    return y


def scale_gradient(
    program: Program, dy: Activation, x: Activation, y: Activation, weight: Array
) -> tuple[Activation | None, PartialSums]:
    """dy times the weight; the weight gets the sum of x dy over its channel."""
    dx = in_place_or_new(program, dy, f"scaling of {x.name}")
    factors = PartialSums(program, "factors", weight.shape)
    call = program.call(
        times_weight_gradient,
        **grid("dy", dy),
        **grid("x", x),
        **grid("dx", dx),
        **extent(x),
        weight=weight,
        result=factors,
        blocks_per_partition=program.blocks_per_partition,
    )
    program.each_block(call, produces=dx)
    return (dx if x.wants_gradient else None, factors)
