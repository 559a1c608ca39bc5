"""Between plain NumPy arrays, one sample after the other, and activations with samples in lanes."""

import numpy as np

from nbcnn.kernels.cpu.program import Activation, Array, Program, Word, extent, grid
from nbcnn.kernels.cpu.row import address, integer, read_byte, read_float, read_word, write_float


def ingest(lanes: int):  # type: ignore[no-untyped-def]
    def body(arena: int, row: int, index: int, slot: int) -> None:
        source = read_word(address(arena, row, 0, index, slot))
        indices = read_word(address(arena, row, 1, index, slot))
        is_bytes = read_word(address(arena, row, 2, index, slot))
        samples = read_word(address(arena, row, 3, index, slot))
        scale = address(arena, row, 4, index, slot)
        y = address(arena, row, 5, index, slot)
        y_channel = integer(row, 6)
        y_plane = integer(row, 7)
        y_row = integer(row, 8)
        channels = integer(row, 9)
        depth = integer(row, 10)
        rows = integer(row, 11)
        columns = integer(row, 12)
        size = channels * depth * rows * columns
        for channel in range(channels):
            factor = read_float(scale + 8 * channel)
            shift = read_float(scale + 8 * channel + 4)
            if is_bytes:
                factor = factor / np.float32(255.0)
            for plane in range(depth):
                for line in range(rows):
                    target = y + channel * y_channel + plane * y_plane + line * y_row
                    first = ((channel * depth + plane) * rows + line) * columns
                    for lane in range(lanes):
                        sample = index * lanes + lane
                        place = target + 4 * lane
                        if sample >= samples:
                            for column in range(columns):
                                write_float(np.float32(0.0), place + 4 * lanes * column)
                        elif is_bytes:
                            start = source + read_word(indices + 8 * sample) * size + first
                            for column in range(columns):
                                byte = np.float32(read_byte(start + column))
                                write_float(byte * factor + shift, place + 4 * lanes * column)
                        else:
                            start = source + 4 * (read_word(indices + 8 * sample) * size + first)
                            for column in range(columns):
                                write_float(read_float(start + 4 * column) * factor + shift, place + 4 * lanes * column)

    return body


def emit(lanes: int):  # type: ignore[no-untyped-def]
    def body(arena: int, row: int, index: int, slot: int) -> None:
        target = read_word(address(arena, row, 0, index, slot))
        samples = read_word(address(arena, row, 1, index, slot))
        x = address(arena, row, 2, index, slot)
        x_channel = integer(row, 3)
        x_plane = integer(row, 4)
        x_row = integer(row, 5)
        channels = integer(row, 6)
        depth = integer(row, 7)
        rows = integer(row, 8)
        columns = integer(row, 9)
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


def add_ingest(program: Program, source: Word, indices: Word, scale: Array, y: Activation) -> Activation:
    """Read samples `indices` of an array into `y`, each channel times `scale[c, 0]` plus `scale[c, 1]`.

    The array holds float32, or bytes where the state says so, which are divided by 255 first. Lanes beyond the batch
    become zero.
    """
    call = program.call(
        ingest,
        source=source,
        indices=indices,
        is_bytes=program.state("input_is_bytes"),
        samples=program.state("samples"),
        scale=scale,
        **grid("y", y),
        **extent(y),
    )
    program.each_block(call, produces=y)
    return y


def add_emit(program: Program, target: Word, x: Activation) -> None:
    """Write the samples of `x` to an array, one after the other."""
    program.each_block(program.call(emit, target=target, samples=program.state("samples"), **grid("x", x), **extent(x)))
