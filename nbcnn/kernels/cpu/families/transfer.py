"""Between plain NumPy arrays, one sample after the other, and activations with samples in lanes."""

import numpy as np

from nbcnn.kernels.cpu.language.row import Body, arguments, read_byte, read_float, read_word, write_float, write_word
from nbcnn.kernels.cpu.language.transposing import transpose_square
from nbcnn.kernels.cpu.program.buffers import Array, Word
from nbcnn.kernels.cpu.program.calls import NO_HALO, Activation, extent, grid
from nbcnn.kernels.cpu.program.program import Program


def ingest(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            source,
            indices,
            is_bytes,
            samples,
            scale,
            starts,
            y,
            y_channel,
            y_plane,
            y_row,
            channels,
            depth,
            rows,
            length,
        ) = arguments("wwwwbbbiiiiiii", arena, row, index, slot)
        width = 1 if is_bytes else 4
        size = channels * depth * rows * length * width
        for lane in range(lanes):
            # Lanes beyond the batch read its last sample and are cleared below.
            sample = min(index * lanes + lane, samples - 1)
            write_word(source + read_word(indices + 8 * sample) * size, starts + 8 * lane)
        for channel in range(channels):
            factor = read_float(scale + 8 * channel)
            shift = read_float(scale + 8 * channel + 4)
            if is_bytes:
                factor = factor / np.float32(255.0)
            for run in range(depth * rows):
                target = y + channel * y_channel + run // rows * y_plane + run % rows * y_row
                first = (channel * depth * rows + run) * length
                if length >= lanes:
                    for step in range(0, length, lanes):
                        # The last square is moved back to end with the run.
                        place = min(step, length - lanes)
                        offset = (first + place) * width
                        square = target + 4 * lanes * place
                        if is_bytes:
                            transpose_square(lanes, starts, offset, 1, factor, shift, square, 4 * lanes)
                        else:
                            transpose_square(lanes, starts, offset, 0, factor, shift, square, 4 * lanes)
                else:
                    for number in range(length):
                        offset = (first + number) * width
                        for lane in range(lanes):
                            place = read_word(starts + 8 * lane) + offset
                            value = np.float32(read_byte(place)) if is_bytes else read_float(place)
                            write_float(value * factor + shift, target + 4 * (lanes * number + lane))

        valid = samples - index * lanes
        if valid < lanes:
            for channel in range(channels):
                for run in range(depth * rows):
                    target = y + channel * y_channel + run // rows * y_plane + run % rows * y_row
                    for number in range(length):
                        for lane in range(valid, lanes):
                            write_float(np.float32(0.0), target + 4 * (lanes * number + lane))

    return body


def emit(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        target, samples, x, x_channel, x_plane, x_row, channels, depth, rows, columns = arguments(
            "wwbiiiiiii", arena, row, index, slot
        )
        size = channels * depth * rows * columns
        for lane in range(min(lanes, samples - index * lanes)):
            place = target + 4 * (index * lanes + lane) * size
            for channel in range(channels):
                for plane in range(depth):
                    for line in range(rows):
                        start = x + channel * x_channel + plane * x_plane + line * x_row + 4 * lane
                        for column in range(columns):
                            write_float(read_float(start + 4 * lanes * column), place)
                            place += 4

    return body


def add_ingest(program: Program, port: str, indices: Word, scale: Array, y: Activation) -> Activation:
    """Read samples `indices` of the array at a port into `y`, each channel times `scale[c, 0]` plus `scale[c, 1]`.

    The array holds float32, or bytes, which are divided by 255 first. Lanes beyond the batch become zero.
    """
    depth, rows, columns = y.space
    call = program.call(
        ingest,
        source=program.port(port),
        indices=indices,
        is_bytes=program.is_bytes(port),
        samples=program.state("samples"),
        scale=scale,
        starts=program.activation("addresses of samples", 2, (1, 1, 1)),
        **grid("y", y),
        channels=y.channels,
        # With a halo every row is a run of numbers; without one, each channel is a single run.
        depth=lambda: 1 if y.halo == NO_HALO else depth,
        rows=lambda: 1 if y.halo == NO_HALO else rows,
        length=lambda: depth * rows * columns if y.halo == NO_HALO else columns,
    )
    program.each_block(call, produces=y)
    return y


def add_emit(program: Program, target: Word, x: Activation) -> None:
    """Write the samples of `x` to an array, one after the other."""
    program.each_block(program.call(emit, target=target, samples=program.state("samples"), **grid("x", x), **extent(x)))
