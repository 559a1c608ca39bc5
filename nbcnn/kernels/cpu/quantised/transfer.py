"""Into bytes and out of them: the network's input, activations of float32, the network's output.

The samples of a block, as many as the plan says, are planes: sample s of a network over three axes, which has a block
of one, is all planes there are.
"""

from dataclasses import replace

import numpy as np

from nbcnn.kernels.cpu.by_channel.layout import Blocked, blocked, constant
from nbcnn.kernels.cpu.language.row import Body, arguments, read_byte, read_float, write_float
from nbcnn.kernels.cpu.language.vector import lanes_below, load, splat, where
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Argument, Space, extent, grid
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.kernels.cpu.quantised.layout import Bytes, in_bytes, in_columns
from nbcnn.kernels.cpu.quantised.numbers import Scale
from nbcnn.kernels.cpu.quantised.rounding import (
    load_between,
    load_bytes_between,
    store_first,
    store_first_nearest,
    store_nearest,
    with_byte,
)


def ingest_bytes(lanes: int, block: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            source,
            is_bytes,
            samples,
            in_block,
            scale,
            channels,
            depth,
            rows,
            columns,
            y,
            y_channel,
            y_plane,
            y_row,
            zero,
        ) = arguments("wwwibiiiibiiir", arena, row, index, slot)
        width = 1 if is_bytes else 4
        for number in range(min(in_block, samples - index * in_block)):
            sample = source + (index * in_block + number) * channels * depth * rows * columns * width
            for word in range((channels + 3) // 4):
                first = 4 * word
                start = y + first // block * y_channel + first % block + number * depth * y_plane
                for run in range(depth * rows):
                    target = start + run // rows * y_plane + run % rows * y_row
                    for column in range(0, columns, lanes):
                        count = columns - column
                        words = splat(lanes, np.float32(0.0))
                        for byte in range(min(4, channels - first)):
                            channel = first + byte
                            place = sample + ((channel * depth * rows + run) * columns + column) * width
                            factor = read_float(scale + 8 * channel)
                            if is_bytes:
                                value = load_bytes_between(lanes, place, 0, count)
                                factor = factor / np.float32(255.0)
                            else:
                                value = load_between(lanes, place, 0, count)
                            shift = splat(lanes, read_float(scale + 8 * channel + 4))
                            words = with_byte(words, value * splat(lanes, factor) + shift, zero, byte)
                        store_first(words, target + block * column, block, count)

    return body


def ingest_columns(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            source,
            is_bytes,
            samples,
            in_block,
            scale,
            channels,
            depth,
            rows,
            columns,
            y,
            y_channel,
            y_plane,
            y_row,
            before,
            places,
            zero,
        ) = arguments("wwwibiiiibiiiiir", arena, row, index, slot)
        width = 1 if is_bytes else 4
        nothing = splat(lanes, np.float32(0.0))
        for number in range(min(in_block, samples - index * in_block)):
            sample = source + (index * in_block + number) * channels * depth * rows * columns * width
            for channel in range(channels):
                factor = read_float(scale + 8 * channel)
                if is_bytes:
                    factor = factor / np.float32(255.0)
                shift = splat(lanes, read_float(scale + 8 * channel + 4))
                start = y + channel * y_channel + number * depth * y_plane
                for run in range(depth * rows):
                    target = start + run // rows * y_plane + run % rows * y_row
                    line = sample + (channel * depth * rows + run) * columns * width
                    for place in range(0, places, lanes):
                        column = place - before
                        first, last = -column, columns - column
                        if is_bytes:
                            value = load_bytes_between(lanes, line + column, first, last)
                        else:
                            value = load_between(lanes, line + 4 * column, first, last)
                        value = where(lanes_below(lanes, last), value * splat(lanes, factor) + shift, nothing)
                        value = where(lanes_below(lanes, first), nothing, value)
                        store_first_nearest(value, zero, target + place, places - place)

    return body


def ingest_floats(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            source,
            is_bytes,
            samples,
            in_block,
            scale,
            channels,
            depth,
            rows,
            columns,
            y,
            y_channel,
            y_plane,
            y_row,
        ) = arguments("wwwibiiiibiii", arena, row, index, slot)
        for number in range(min(in_block, samples - index * in_block)):
            place = (index * in_block + number) * channels * depth * rows * columns
            for channel in range(channels):
                factor, shift = read_float(scale + 8 * channel), read_float(scale + 8 * channel + 4)
                if is_bytes:
                    factor = factor / np.float32(255.0)
                start = y + channel // lanes * y_channel + 4 * (channel % lanes) + number * depth * y_plane
                for run in range(depth * rows):
                    target = start + run // rows * y_plane + run % rows * y_row
                    for column in range(columns):
                        value = np.float32(read_byte(source + place)) if is_bytes else read_float(source + 4 * place)
                        write_float(value * factor + shift, target + 4 * lanes * column)
                        place += 1

    return body


def quantise(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, x_channel, x_plane, x_row, y, y_channel, y_plane, y_row, channels, depth, rows, columns, factor, zero = (
            arguments("biiibiiiiiiirr", arena, row, index, slot)
        )
        for channel in range(channels):
            for plane in range(depth):
                for line in range(rows):
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    target = y + channel * y_channel + plane * y_plane + line * y_row
                    for column in range(columns):
                        value = load(lanes, source + 4 * lanes * column) * splat(lanes, factor)
                        store_nearest(value, zero, target + lanes * column)

    return body


def emit_samples(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        target, samples, in_block, x, x_channel, x_plane, x_row, channels, depth, rows, columns = arguments(
            "wwibiiiiiii", arena, row, index, slot
        )
        place = target + 4 * index * in_block * channels * depth * rows * columns
        for number in range(min(in_block, samples - index * in_block)):
            for channel in range(channels):
                start = x + channel // lanes * x_channel + 4 * (channel % lanes) + number * depth * x_plane
                for run in range(depth * rows):
                    source = start + run // rows * x_plane + run % rows * x_row
                    for column in range(columns):
                        write_float(read_float(source + 4 * lanes * column), place)
                        place += 4

    return body


def _source(program: Program, channels: int, space: Space, in_block: int, scale: Array) -> dict[str, Argument]:
    depth, rows, columns = space
    return {
        "source": program.port("input"),
        "is_bytes": program.is_bytes("input"),
        "samples": program.state("samples"),
        "in_block": in_block,
        "scale": scale,
        "channels": channels,
        "depth": depth,
        "rows": rows,
        "columns": columns,
    }


def input_in_bytes(
    program: Program, channels: int, space: Space, in_block: int, input_scale: np.ndarray, to: Scale, block: int
) -> Bytes:
    """The batch at port `input`, each channel times `input_scale[c, 0]` plus `input_scale[c, 1]`, in blocks of samples.

    `space` is one sample's. The port holds float32, or bytes, which are divided by 255 first.
    """
    y = in_bytes("input", channels, (in_block * space[0], *space[1:]), to, block)
    scale = constant("input scale", input_scale / to.step)
    source = _source(program, channels, space, in_block, scale)
    call = program.call(ingest_bytes, block, **source, **grid("y", y.activation), zero=float(to.zero))
    program.each_block(call, produces=y.activation)
    return y


def input_in_columns(
    program: Program,
    channels: int,
    space: Space,
    in_block: int,
    input_scale: np.ndarray,
    to: Scale,
    before: int,
    places: int,
) -> Bytes:
    """The same as columns, `places` of them from -`before` on; what is beyond the input is 0."""
    y = in_columns("input", channels, (in_block * space[0], space[1], places), to)
    source = _source(program, channels, space, in_block, constant("input scale", input_scale / to.step))
    call = program.call(
        ingest_columns,
        **source,
        **grid("y", y.activation),
        before=before,
        places=places + y.activation.halo[2][1],
        zero=float(to.zero),
    )
    program.each_block(call, produces=y.activation)
    return y


def input_in_floats(program: Program, channels: int, space: Space, in_block: int, input_scale: np.ndarray) -> Blocked:
    """The same as float32."""
    y = blocked(program, "input", channels, (in_block * space[0], *space[1:]))
    source = _source(program, channels, space, in_block, constant("input scale", input_scale))
    program.each_block(program.call(ingest_floats, **source, **grid("y", y.activation)), produces=y.activation)
    return y


def into_bytes(program: Program, x: Blocked, to: Scale) -> Bytes:
    """x on a scale."""
    y = in_bytes(x.activation.name, x.channels, x.activation.space, to, program.lanes)
    call = program.call(
        quantise,
        **grid("x", x.activation),
        **grid("y", y.activation),
        **extent(x.activation),
        factor=1 / to.step,
        zero=float(to.zero),
    )
    program.each_block(call, produces=y.activation)
    return replace(y, flat=x.flat)


def add_output(program: Program, x: Blocked, in_block: int) -> None:
    """Append to the walk: the samples of x into the array at port `output`, one after the other."""
    shape = extent(x.activation) | {"channels": x.channels, "depth": x.activation.space[0] // in_block}
    call = program.call(
        emit_samples,
        target=program.port("output"),
        samples=program.state("samples"),
        in_block=in_block,
        **grid("x", x.activation),
        **shape,
    )
    program.each_block(call)
