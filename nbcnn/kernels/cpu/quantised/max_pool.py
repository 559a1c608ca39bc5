"""Maximum pooling of bytes: a scale keeps order, so the largest byte is the largest number's."""

from collections.abc import Sequence

import numpy as np

from nbcnn.kernels.cpu.families.pooling import Windows, table_arguments
from nbcnn.kernels.cpu.families.windows import Window
from nbcnn.kernels.cpu.language.row import Body, arguments, read_index
from nbcnn.kernels.cpu.language.vector import load_bytes, splat, store_bytes, where
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.kernels.cpu.quantised.layout import Bytes, in_bytes


def largest(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, y, windows, tap_table, pixels, channels, x_channel, y_channel = arguments(
            "bbbbiiii", arena, row, index, slot
        )
        for channel in range(channels):
            for pixel in range(pixels):
                entry = windows + 20 * pixel
                start = x + channel * x_channel + read_index(entry)
                tap = tap_table + read_index(entry + 8)
                best = splat(lanes, np.float32(0.0))
                for number in range(read_index(entry + 12)):
                    value = load_bytes(lanes, start + read_index(tap + 4 * number))
                    best = where(value > best, value, best)
                store_bytes(best, y + channel * y_channel + read_index(entry + 4))

    return body


def max_pool(
    program: Program,
    x: Bytes,
    *,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    ceil_mode: bool,
) -> Bytes:
    """The largest number of each window."""
    window = Window.of(kernel_size, stride, padding, dilation)
    space = window.outputs(x.activation.space, padding, ceil_mode)
    y = in_bytes("pool", x.channels, space, x.scale, x.block)
    windows = Windows.sliding(window, x.activation.space, space)
    call = program.call(largest, x=x.activation, y=y.activation, **table_arguments(windows, x.activation, y.activation))
    program.each_block(call, produces=y.activation)
    return y
