"""The largest or smallest number of each window; ties go to the first, padding never wins, not-a-number stays."""

import numpy as np

from nbcnn.kernels.cpu.pooling import Windows, clear, gradient_tables, pooled, table_arguments
from nbcnn.kernels.cpu.program import Activation, Program, Space
from nbcnn.kernels.cpu.row import Body, arguments, read_index
from nbcnn.kernels.cpu.vector import load, splat, store, where

# The sign of a kernel is one of its constants.
LARGEST = 1
SMALLEST = -1


def extreme(lanes: int, sign: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, y, windows, taps, pixels, channels, x_channel, y_channel = arguments("bbbbiiii", arena, row, index, slot)
        for channel in range(channels):
            for pixel in range(pixels):
                entry = windows + 20 * pixel
                start = x + channel * x_channel + read_index(entry)
                tap = taps + read_index(entry + 8)
                best = splat(lanes, np.float32(-sign * np.inf))
                for number in range(read_index(entry + 12)):
                    value = load(lanes, start + read_index(tap + 4 * number))
                    better = value > best if sign > 0 else value < best
                    best = where(better | (value != value), value, best)
                store(best, y + channel * y_channel + read_index(entry + 4))

    return body


def extreme_gradient(lanes: int) -> Body:
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
                    # Once a lane has given its gradient to its first extreme, nothing is left for a later one.
                    delta = where(hit, none, delta)
                    target = dx_begin + read_index(dx_tap + 4 * number)
                    if zero:
                        share = share + load(lanes, target)
                    store(share, target)

    return body


def add_extremes(program: Program, x: Activation, windows: Windows, outputs: Space, sign: int) -> Activation:
    """Append to the walk: the extreme of each window, LARGEST or SMALLEST."""
    y = pooled(program, x, outputs)
    if program.differentiates:
        x.kept = y.kept = True
    program.each_block(program.call(extreme, sign, x=x, y=y, **table_arguments(windows, x, y)), produces=y)
    return y


def add_extremes_gradient(
    program: Program, dy: Activation, x: Activation, y: Activation, windows: Windows
) -> tuple[Activation | None]:
    """Append to the walk: the gradient of each window goes to the first pixel that has its extreme."""
    if not x.wants_gradient:
        return (None,)
    dx = program.activation("pool gradient", x.channels, x.space)
    call = program.call(extreme_gradient, dy=dy, x=x, y=y, dx=dx, **gradient_tables(windows, dx, dy, x, y), masked=0)

    def set_mask(activation: Activation) -> bool:
        # What wins is a number of x, so a window's extreme tells whether a relu that made x was open there. It tells
        # nothing about another activation, whose gradient came through a sum unchanged.
        if activation is not x:
            return False
        call.arguments["masked"] = 1
        return True

    call.set_mask = set_mask
    program.each_block(call, produces=dx)
    return (dx,)
