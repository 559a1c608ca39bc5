"""Average pooling; padding counts in the divisor where asked, the overhang of ceil_mode never does."""

from collections.abc import Sequence

import numpy as np

from nbcnn.kernels.cpu.families.pooling import Windows, clear, gradient_arguments, pooled, table_arguments
from nbcnn.kernels.cpu.families.windows import Window, three_pairs
from nbcnn.kernels.cpu.language.row import Body, arguments, read_float, read_index
from nbcnn.kernels.cpu.language.vector import load, splat, store
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


def average(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, y, windows, taps, pixels, channels, x_channel, y_channel = arguments("bbbbiiii", arena, row, index, slot)
        for channel in range(channels):
            for pixel in range(pixels):
                entry = windows + 20 * pixel
                start = x + channel * x_channel + read_index(entry)
                tap = taps + read_index(entry + 8)
                sum_ = splat(lanes, np.float32(0.0))
                for number in range(read_index(entry + 12)):
                    sum_ = sum_ + load(lanes, start + read_index(tap + 4 * number))
                factor = splat(lanes, read_float(entry + 16))
                store(sum_ * factor, y + channel * y_channel + read_index(entry + 4))

    return body


def average_gradient(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            dy,
            dx,
            windows,
            taps,
            pixels,
            channels,
            dx_channel,
            dy_channel,
            zero,
            dx_start,
            dx_plane,
            dx_row,
            depth,
            rows,
            columns,
        ) = arguments("bbbbiiiiibiiiii", arena, row, index, slot)
        for channel in range(channels):
            if zero:
                clear(lanes, dx_start + channel * dx_channel, dx_plane, dx_row, depth, rows, columns)
            for pixel in range(pixels):
                entry = windows + 20 * pixel
                start = dx + channel * dx_channel + read_index(entry)
                tap = taps + read_index(entry + 8)
                delta = load(lanes, dy + channel * dy_channel + read_index(entry + 4))
                share = delta * splat(lanes, read_float(entry + 16))
                for number in range(read_index(entry + 12)):
                    target = start + read_index(tap + 4 * number)
                    store(share + load(lanes, target) if zero else share, target)

    return body


def _divisors(
    windows: Windows, x: Activation, padding: Sequence[tuple[int, int]], count_include_pad: bool
) -> np.ndarray:
    """How many numbers each window is divided by: those inside the image, or inside image and padding."""
    if not count_include_pad:
        used: np.ndarray = windows.used.sum(axis=1)
        return used
    pairs = np.array(three_pairs(padding))
    positions = windows.starts[:, None] + windows.taps[None]
    low, high = -pairs[:, 0], np.array(x.space) + pairs[:, 1]
    counts: np.ndarray = ((positions >= low) & (positions < high)).all(axis=2).sum(axis=1)
    return counts


def avg_pool(
    program: Program,
    x: Activation,
    *,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    ceil_mode: bool,
    count_include_pad: bool,
) -> Activation:
    """The mean of each window."""
    window = Window.of(kernel_size, stride, padding, [1] * len(kernel_size))
    y = pooled(program, x, window.outputs(x.space, padding, ceil_mode))
    windows = Windows.sliding(window, x.space, y.space)
    divisors = _divisors(windows, x, padding, count_include_pad)
    program.each_block(program.call(average, x=x, y=y, **table_arguments(windows, x, y, divisors)), produces=y)
    return y


def avg_pool_gradient(
    program: Program,
    dy: Activation,
    x: Activation,
    y: Activation,
    *,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    ceil_mode: bool,
    count_include_pad: bool,
) -> tuple[Activation | None]:
    """The gradient is spread evenly over each window."""
    if not x.wants_gradient:
        return (None,)
    window = Window.of(kernel_size, stride, padding, [1] * len(kernel_size))
    windows = Windows.sliding(window, x.space, y.space)
    dx = program.activation("average pool gradient", x.channels, x.space)
    divisors = _divisors(windows, x, padding, count_include_pad)
    call = program.call(average_gradient, dy=dy, dx=dx, **gradient_arguments(windows, dx, dy, divisors))
    program.each_block(call, produces=dx)
    return (dx,)
