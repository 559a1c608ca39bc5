"""The largest or smallest number of each window; ties go to the first, padding never wins, not-a-number stays.

The way forward leaves the number of each window's winning tap, so that the way back reads nothing else of the input.
"""

from typing import NamedTuple

import numpy as np

from nbcnn.kernels.cpu.families.even_extremes import (
    LEAST_UNITS,
    add_even_extremes,
    add_even_extremes_gradient,
    pool_where_made,
    winner_bytes,
)
from nbcnn.kernels.cpu.families.pooling import Windows, clear, pooled, table_arguments
from nbcnn.kernels.cpu.families.sums import add_to_partition
from nbcnn.kernels.cpu.language.row import Body, arguments, read_index
from nbcnn.kernels.cpu.language.vector import beyond, load, load_bytes, splat, store, store_bytes, where
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation, Call, Space, grid
from nbcnn.kernels.cpu.program.program import Program

# The sign of a kernel is one of its constants.
LARGEST = 1
SMALLEST = -1

# Windows that are all alike, of so many taps at most, have kernels with the loop over taps unrolled.
_MOST_UNROLLED = 9


def extreme(lanes: int, sign: int, number_bytes: int) -> Body:
    """A kernel for windows of any shape; winners are left where they have bytes."""

    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, y, winners, windows, tap_table, pixels, channels, x_channel, y_channel, ranges, first, last = arguments(
            "bbbbbiiiiiii", arena, row, index, slot
        )
        for unit in range(first, last):
            channel = unit // ranges
            part = unit - channel * ranges
            for pixel in range(pixels * part // ranges, pixels * (part + 1) // ranges):
                entry = windows + 20 * pixel
                start = x + channel * x_channel + read_index(entry)
                tap = tap_table + read_index(entry + 8)
                best = splat(lanes, np.float32(-sign * np.inf))
                winner = splat(lanes, np.float32(0.0))
                for number in range(read_index(entry + 12)):
                    value = load(lanes, start + read_index(tap + 4 * number))
                    # Not-a-number is beyond everything, but nothing is beyond it.
                    better = (beyond(value, best) if sign > 0 else beyond(best, value)) & (best == best)
                    best = where(better, value, best)
                    if number_bytes > 0:
                        winner = where(better, splat(lanes, np.float32(number)), winner)
                store(best, y + channel * y_channel + read_index(entry + 4))
                if number_bytes == 1:
                    store_bytes(winner, winners + (channel * pixels + pixel) * lanes)
                elif number_bytes == 4:
                    store(winner, winners + (channel * pixels + pixel) * lanes * 4)

    return body


def extreme_gradient(lanes: int, number_bytes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            dy,
            y,
            dx,
            winners,
            windows,
            tap_table,
            y_windows,
            pixels,
            dx_channel,
            dy_channel,
            y_channel,
            dx_start,
            dx_start_channel,
            dx_plane,
            dx_row,
            depth,
            rows,
            columns,
            gaps,
            overlaps,
            masked,
            sums,
            blocks_per_partition,
            channels,
            summed,
            first,
            last,
        ) = arguments("bbbbbbbiiiibiiiiiiiiibiiiii", arena, row, index, slot)
        none = splat(lanes, np.float32(0.0))
        partition = index // blocks_per_partition
        sums += 4 * partition * channels
        for channel in range(first, last):
            sum_ = none
            if gaps | overlaps:
                clear(lanes, dx_start + channel * dx_start_channel, dx_plane, dx_row, depth, rows, columns)
            for pixel in range(pixels):
                entry = windows + 20 * pixel
                start = dx + channel * dx_channel + read_index(entry)
                tap = tap_table + read_index(entry + 8)
                delta = load(lanes, dy + channel * dy_channel + read_index(entry + 4))
                if masked:
                    best = load(lanes, y + channel * y_channel + read_index(y_windows + 20 * pixel + 4))
                    delta = where(beyond(best, none), delta, none)
                sum_ = sum_ + delta
                place = winners + (channel * pixels + pixel) * lanes * number_bytes
                winner = load_bytes(lanes, place) if number_bytes == 1 else load(lanes, place)
                for number in range(read_index(entry + 12)):
                    share = where(winner == splat(lanes, np.float32(number)), delta, none)
                    target = start + read_index(tap + 4 * number)
                    if overlaps:
                        share = share + load(lanes, target)
                    store(share, target)
            if summed:
                add_to_partition(sum_, sums + 4 * channel, index > partition * blocks_per_partition)

    return body


class _Winners(NamedTuple):
    """The winning taps' numbers, of so many bytes each, or what `even_extremes` leaves of them."""

    numbers: Activation
    bytes: int


def _even(windows: Windows) -> tuple[Space, Space] | None:
    """Kernel and stride of windows that have a kernel with the loops over taps unrolled."""
    return windows.even if len(windows.taps) <= _MOST_UNROLLED else None


def add_extremes(program: Program, x: Activation, windows: Windows, outputs: Space, sign: int) -> Activation:
    """Append to the walk: the extreme of each window, LARGEST or SMALLEST."""
    y = pooled(program, x, outputs)
    even = _even(windows)
    number_bytes, numbers = 0, None
    if program.differentiates:
        number_bytes = 1 if len(windows.taps) <= 256 else 4
        window_bytes = winner_bytes(program.lanes, len(windows.taps)) if even else number_bytes * program.lanes
        count = -(-len(windows.targets) * x.channels * window_bytes // x.lane_bytes)
        numbers = program.activation("winners", max(1, count), (1, 1, 1))
        y.saved = _Winners(numbers, number_bytes)
        # A relu that made x is masked by y.
        y.kept |= x.kept
    if even and sign == LARGEST and even[0] == even[1] and pool_where_made(program, x, y, even[0], numbers):
        return y
    if even:
        add_even_extremes(program, x, y, *even, sign, numbers)
        return y
    # Units are ranges of a channel's windows, so that threads find some to share where channels are few.
    ranges = min(len(windows.targets), -(-LEAST_UNITS // x.channels))
    call = program.call(
        extreme,
        sign,
        number_bytes,
        x=x,
        y=y,
        winners=numbers or y,
        **table_arguments(windows, x, y),
        ranges=ranges,
        **program.units(x.channels * ranges),
    )
    call.units, call.work = x.channels * ranges, windows.used.size * x.channels
    program.each_block(call, produces=y)
    return y


def add_extremes_gradient(
    program: Program, dy: Activation, x: Activation, y: Activation, windows: Windows
) -> tuple[Activation | None]:
    """Append to the walk: the gradient of each window goes to the first pixel that has its extreme."""
    if not x.wants_gradient:
        return (None,)
    dx = program.activation("pool gradient", x.channels, x.space)
    even = _even(windows)
    if even:
        call = add_even_extremes_gradient(program, dy, dx, *even, y.saved.numbers)
    else:
        call = _add_uneven_gradient(program, dy, dx, y, windows)

    def set_mask(activation: Activation) -> bool:
        # What wins is a number of x, so a window's extreme tells whether a relu that made x was open there. It tells
        # nothing about another activation, whose gradient came through a sum unchanged.
        if activation is not x:
            return False
        call.arguments.update(grid("y", y) if even else {"y": y}, masked=1)
        return True

    def set_sums(sums: Array) -> None:
        call.arguments.update(sums=sums, summed=1)

    call.set_mask, call.set_sums = set_mask, set_sums
    return (dx,)


def _add_uneven_gradient(program: Program, dy: Activation, dx: Activation, y: Activation, windows: Windows) -> Call:
    """Append to the walk the gradient of windows of any shape; mask and sums are for the caller to set."""
    winners: _Winners = y.saved
    forward, backward = table_arguments(windows, dx, y), table_arguments(windows, dx, dy)
    readers = windows.readers(dx.space)
    depth, rows, columns = dx.space
    call = program.call(
        extreme_gradient,
        winners.bytes,
        dy=dy,
        # Read under a mask alone.
        y=dy,
        dx=dx,
        winners=winners.numbers,
        windows=backward["windows"],
        taps=backward["taps"],
        y_windows=forward["windows"],
        pixels=backward["pixels"],
        dx_channel=backward["x_channel"],
        dy_channel=backward["y_channel"],
        y_channel=forward["y_channel"],
        **{f"start of {name}": value for name, value in grid("dx", dx).items()},
        depth=depth,
        rows=rows,
        columns=columns,
        # Whether some pixel is in no window, and whether some is in several.
        gaps=int((readers == 0).any()),
        overlaps=int((readers > 1).any()),
        masked=0,
        # Written where it is asked for alone.
        sums=Array("no sums", (1,)),
        blocks_per_partition=program.blocks_per_partition,
        channels=dx.channels,
        summed=0,
        **program.units(dx.channels),
    )
    call.units, call.work = dx.channels, windows.used.size * dx.channels
    return program.each_block(call, produces=dx)
