"""Maximum pooling; ties go to the first maximum, padding never wins, not-a-number stays."""

from collections.abc import Sequence

import numpy as np

from nbcnn.kernels.cpu.pooling import clear, gradient_arguments, pooled, table_arguments
from nbcnn.kernels.cpu.program import Activation, Program
from nbcnn.kernels.cpu.row import Body, arguments, read_index
from nbcnn.kernels.cpu.vector import load, splat, store, where
from nbcnn.kernels.cpu.windows import Window


def maximum(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, y, windows, taps, pixels, channels, x_channel, y_channel = arguments("bbbbiiii", arena, row, index, slot)
        for channel in range(channels):
            for pixel in range(pixels):
                entry = windows + 20 * pixel
                start = x + channel * x_channel + read_index(entry)
                tap = taps + read_index(entry + 8)
                best = splat(lanes, np.float32(-np.inf))
                for number in range(read_index(entry + 12)):
                    value = load(lanes, start + read_index(tap + 4 * number))
                    best = where((value > best) | (value != value), value, best)
                store(best, y + channel * y_channel + read_index(entry + 4))

    return body


def maximum_gradient(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            dy,
            x,
            y,
            dx,
            dx_windows,
            dx_taps,
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
            windows,
            taps,
            x_channel,
            y_channel,
            masked,
        ) = arguments("bbbbbbiiiiibiiiiibbiii", arena, row, index, slot)
        none = splat(lanes, np.float32(0.0))
        for channel in range(channels):
            if zero:
                clear(lanes, dx_start + channel * dx_channel, dx_plane, dx_row, depth, rows, columns)
            for pixel in range(pixels):
                entry = windows + 20 * pixel
                dx_entry = dx_windows + 20 * pixel
                start = x + channel * x_channel + read_index(entry)
                tap = taps + read_index(entry + 8)
                dx_begin = dx + channel * dx_channel + read_index(dx_entry)
                dx_tap = dx_taps + read_index(dx_entry + 8)
                best = load(lanes, y + channel * y_channel + read_index(entry + 4))
                delta = load(lanes, dy + channel * dy_channel + read_index(dx_entry + 4))
                if masked:
                    delta = where((best > none) | (best != best), delta, none)
                for number in range(read_index(entry + 12)):
                    value = load(lanes, start + read_index(tap + 4 * number))
                    hit = (value == best) | (value != value)
                    share = where(hit, delta, none)
                    # Once a lane has given its gradient to its first maximum, nothing is left for a later one.
                    delta = where(hit, none, delta)
                    target = dx_begin + read_index(dx_tap + 4 * number)
                    if zero:
                        share = share + load(lanes, target)
                    store(share, target)

    return body


def max_pool(
    program: Program,
    x: Activation,
    *,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    ceil_mode: bool,
) -> Activation:
    """The largest value of each window."""
    window = Window.of(kernel_size, stride, padding, dilation)
    y = pooled(program, x, window, padding, ceil_mode)
    y.kept = True
    program.each_block(program.call(maximum, x=x, y=y, **table_arguments(window, x, y)), produces=y)
    return y


def max_pool_gradient(
    program: Program,
    dy: Activation,
    x: Activation,
    y: Activation,
    *,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    ceil_mode: bool,
) -> tuple[Activation | None]:
    """The gradient goes to the first maximum of each window."""
    if not x.wants_gradient:
        return (None,)
    window = Window.of(kernel_size, stride, padding, dilation)
    dx = program.activation("max pool gradient", x.channels, x.space)
    forward = table_arguments(window, x, y)
    call = program.call(
        maximum_gradient,
        dy=dy,
        x=x,
        y=y,
        dx=dx,
        **gradient_arguments(window, dx, dy),
        windows=forward["windows"],
        taps=forward["taps"],
        x_channel=forward["x_channel"],
        y_channel=forward["y_channel"],
        masked=0,
    )

    def set_mask(activation: Activation) -> None:
        # The pool's own input is the relu's output, so its maximum tells whether the relu was open.
        assert activation is x
        call.arguments["masked"] = 1

    call.set_mask = set_mask
    program.each_block(call, produces=dx)
    return (dx,)
