"""Sums of branches in bytes: each is brought to the scale of the sum."""

from dataclasses import replace

from nbcnn.kernels.cpu.language.row import Body, arguments
from nbcnn.kernels.cpu.language.vector import load_bytes, splat
from nbcnn.kernels.cpu.program.calls import extent, grid
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.kernels.cpu.quantised.layout import Bytes, in_bytes
from nbcnn.kernels.cpu.quantised.numbers import Scale
from nbcnn.kernels.cpu.quantised.rounding import store_nearest


def weighted_sum(lanes: int) -> Body:
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
            a_factor,
            b_factor,
            start,
            zero,
        ) = arguments("biiibiiibiiiiiiirrrr", arena, row, index, slot)
        first, second, third = splat(lanes, a_factor), splat(lanes, b_factor), splat(lanes, start)
        for channel in range(channels):
            for plane in range(depth):
                for line in range(rows):
                    left = a + channel * a_channel + plane * a_plane + line * a_row
                    right = b + channel * b_channel + plane * b_plane + line * b_row
                    target = y + channel * y_channel + plane * y_plane + line * y_row
                    for column in range(columns):
                        place = lanes * column
                        value = load_bytes(lanes, left + place) * first + load_bytes(lanes, right + place) * second
                        store_nearest(value + third, zero, target + place)

    return body


def add(program: Program, a: Bytes, b: Bytes, to: Scale) -> Bytes:
    """a plus b, in blocks of as many channels as there are lanes."""
    y = in_bytes("sum", a.channels, a.activation.space, to, program.lanes)
    first, second = a.scale.step / to.step, b.scale.step / to.step
    call = program.call(
        weighted_sum,
        **grid("a", a.activation),
        **grid("b", b.activation),
        **grid("y", y.activation),
        **extent(y.activation),
        a_factor=first,
        b_factor=second,
        start=-(a.scale.zero * first + b.scale.zero * second),
        zero=float(to.zero),
    )
    program.each_block(call, produces=y.activation)
    return replace(y, flat=a.flat)
