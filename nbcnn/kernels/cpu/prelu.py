"""The rectifier with learned slopes."""

from nbcnn.kernels.cpu.families.sums import PartialSums
from nbcnn.kernels.cpu.language.row import Body, arguments, read_float, write_float
from nbcnn.kernels.cpu.language.vector import horizontal_sum, load, splat, store, where
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation, Argument, extent, grid
from nbcnn.kernels.cpu.program.program import Program, in_place_or_new


def leak(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, x_channel, x_plane, x_row, y, y_channel, y_plane, y_row, channels, depth, rows, columns, weight, step = (
            arguments("biiibiiiiiiibi", arena, row, index, slot)
        )
        zero = splat(lanes, 0.0)
        for channel in range(channels):
            slope = splat(lanes, read_float(weight + channel * step))
            for plane in range(depth):
                for line in range(rows):
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    target = y + channel * y_channel + plane * y_plane + line * y_row
                    for column in range(columns):
                        value = load(lanes, source + 4 * lanes * column)
                        store(where(value > zero, value, slope * value), target + 4 * lanes * column)

    return body


def leak_gradient(lanes: int) -> Body:
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
            step,
            result,
            slopes,
            blocks_per_partition,
        ) = arguments("biiibiiibiiiiiiibibii", arena, row, index, slot)
        partition = index // blocks_per_partition
        result += 4 * partition * slopes
        zero = splat(lanes, 0.0)
        for channel in range(channels):
            slope = splat(lanes, read_float(weight + channel * step))
            sum_ = zero
            for plane in range(depth):
                for line in range(rows):
                    upstream = dy + channel * dy_channel + plane * dy_plane + line * dy_row
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    target = dx + channel * dx_channel + plane * dx_plane + line * dx_row
                    for column in range(columns):
                        value = load(lanes, source + 4 * lanes * column)
                        gradient = load(lanes, upstream + 4 * lanes * column)
                        sum_ = sum_ + where(value > zero, zero, value * gradient)
                        store(where(value > zero, gradient, slope * gradient), target + 4 * lanes * column)
            place = result + channel * step
            single = horizontal_sum(sum_)
            # One slope for all channels collects what each of them gives.
            if index > partition * blocks_per_partition or (channel > 0 and step == 0):
                single += read_float(place)
            write_float(single, place)

    return body


def _slopes(weight: Array) -> dict[str, Argument]:
    """The weight, and bytes from one channel's slope to the next: none where all have one."""
    return {"weight": weight, "step": 4 if weight.shape[0] > 1 else 0}


def prelu(program: Program, x: Activation, weight: Array) -> Activation:
    """x where it is above 0 and its channel's slope times x elsewhere."""
    x.kept |= program.differentiates
    y = in_place_or_new(program, x, "prelu")
    program.each_block(program.call(leak, **grid("x", x), **grid("y", y), **extent(x), **_slopes(weight)), produces=y)
    return y


def prelu_gradient(
    program: Program, dy: Activation, x: Activation, y: Activation, weight: Array
) -> tuple[Activation | None, PartialSums]:
    """dy where x is above 0 and slope times dy elsewhere; the slopes get the sum of x dy where x is not."""
    dx = in_place_or_new(program, dy, f"prelu of {x.name}")
    slopes = PartialSums(program, "slopes", weight.shape)
    call = program.call(
        leak_gradient,
        **grid("dy", dy),
        **grid("x", x),
        **grid("dx", dx),
        **extent(x),
        **_slopes(weight),
        result=slopes,
        slopes=weight.shape[0],
        blocks_per_partition=program.blocks_per_partition,
    )
    program.each_block(call, produces=dx)
    return (dx if x.wants_gradient else None, slopes)
