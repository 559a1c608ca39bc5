"""Extremes of windows that are all alike and all inside the image: strides take the place of tables.

Most pools are such. The rules are those of `extremes`. What is left of a window's winner are masks, one for every tap
but the first: of the lanes in which it is beyond all taps before it, the first in the lowest bits of a word. Where
windows lie side by side, maxima are taken where a convolution stores its sums, so that the numbers between are never
in memory.
"""

import math

import numpy as np

from nbcnn.kernels.cpu.families.sums import add_to_partition
from nbcnn.kernels.cpu.language.row import Body, arguments, read_word, write_word
from nbcnn.kernels.cpu.language.vector import beyond, bits_of, load, mask_of, splat, store, where
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation, Argument, Call, Pool, Space, grid
from nbcnn.kernels.cpu.program.program import Program

LEAST_UNITS = 16


def winner_bytes(lanes: int, taps: int) -> int:
    """What a window leaves of its winner: whole words of 64 bits, since a word is written as fast as a part of it."""
    return 8 * -(-(taps - 1) * lanes // 64)


def even_extreme(lanes: int, sign: int, depth: int, rows: int, columns: int, keeps_winners: int) -> Body:
    vector, taps, masks = 4 * lanes, depth * rows * columns, 64 // lanes
    entry = winner_bytes(lanes, taps)

    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            x_channel,
            x_plane,
            x_row,
            y,
            y_channel,
            y_plane,
            y_row,
            winners,
            plane_step,
            row_step,
            column_step,
            planes,
            lines,
            width,
            ranges,
            first,
            last,
        ) = arguments("biiibiiibiiiiiiiii", arena, row, index, slot)
        count = planes * lines
        for unit in range(first, last):
            channel = unit // ranges
            part = unit - channel * ranges
            for number in range(count * part // ranges, count * (part + 1) // ranges):
                plane = number // lines
                line = number - plane * lines
                source = x + channel * x_channel + plane * plane_step + line * row_step
                target = y + channel * y_channel + plane * y_plane + line * y_row
                place = winners + (channel * count + number) * width * entry
                for column in range(width):
                    start = source + column * column_step
                    best = load(lanes, start)
                    bits = 0
                    for d in range(depth):
                        for r in range(rows):
                            for c in range(columns):
                                value = load(lanes, start + d * x_plane + r * x_row + c * vector)
                                # Not-a-number is beyond everything, but nothing is beyond it.
                                better = (beyond(value, best) if sign > 0 else beyond(best, value)) & (best == best)
                                best = where(better, value, best)
                                number_before = (d * rows + r) * columns + c - 1
                                if keeps_winners and number_before >= 0:
                                    bits |= bits_of(better) << number_before % masks * lanes
                                    if (number_before + 1) % masks == 0 or number_before == taps - 2:
                                        write_word(bits, place + column * entry + number_before // masks * 8)
                                        bits = 0
                    store(best, target + column * vector)

    return body


def even_extreme_gradient(lanes: int, depth: int, rows: int, columns: int, scattered: int) -> Body:
    vector, taps, masks = 4 * lanes, depth * rows * columns, 64 // lanes
    entry = winner_bytes(lanes, taps)

    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            dy,
            dy_channel,
            dy_plane,
            dy_row,
            y,
            y_channel,
            y_plane,
            y_row,
            dx,
            dx_channel,
            dx_plane,
            dx_row,
            winners,
            plane_step,
            row_step,
            column_step,
            planes,
            lines,
            width,
            all_planes,
            all_rows,
            all_columns,
            covered_planes,
            covered_rows,
            covered_columns,
            masked,
            sums,
            blocks_per_partition,
            channels,
            summed,
            first,
            last,
        ) = arguments("biiibiiibiiibiiiiiiiiiiiiibiiiii", arena, row, index, slot)
        none = splat(lanes, np.float32(0.0))
        partition = index // blocks_per_partition
        sums += 4 * partition * channels
        for channel in range(first, last):
            sum_ = none
            start = dx + channel * dx_channel
            for plane in range(all_planes):
                for line in range(all_rows):
                    place = start + plane * dx_plane + line * dx_row
                    is_covered = plane < covered_planes and line < covered_rows
                    for column in range(covered_columns if is_covered else 0, all_columns):
                        store(none, place + column * vector)
            place = winners + channel * planes * lines * width * entry
            for plane in range(planes):
                for line in range(lines):
                    source = dy + channel * dy_channel + plane * dy_plane + line * dy_row
                    known = y + channel * y_channel + plane * y_plane + line * y_row
                    target = start + plane * plane_step + line * row_step
                    for column in range(width):
                        delta = load(lanes, source + column * vector)
                        if masked:
                            delta = where(beyond(load(lanes, known + column * vector), none), delta, none)
                        sum_ = sum_ + delta
                        place += entry
                        # Backwards: the last tap that was beyond those before it has won.
                        for number in range(1, taps):
                            tap = taps - number
                            bits = read_word(place - entry + (tap - 1) // masks * 8)
                            won = mask_of(lanes, bits >> (tap - 1) % masks * lanes)
                            here = target + tap // (rows * columns) * dx_plane
                            here += tap // columns % rows * dx_row + tap % columns * vector
                            share = where(won, delta, none)
                            delta = where(won, none, delta)
                            store(share + load(lanes, here) if scattered else share, here)
                        store(delta + load(lanes, target) if scattered else delta, target)
                        target += column_step
            if summed:
                add_to_partition(sum_, sums + 4 * channel, index > partition * blocks_per_partition)

    return body


def pool_where_made(program: Program, x: Activation, y: Activation, kernel: Space, winners: Activation | None) -> bool:
    """Let the call that makes x store the maxima of windows side by side alone, if it can and nobody else reads x."""
    call = x.producer
    taps = math.prod(kernel)
    if call is None or call.set_pool is None or x.storage.kept or x.shared or taps == 1:
        return False
    if not call.set_pool(Pool(kernel, y, winners, winner_bytes(program.lanes, taps))):
        return False
    # It does nothing else any more, but for the clamp of a relu, which may come before the pool or after it.
    call.set_mask = call.by_rows = call.set_pool = None
    y.producer = call
    return True


def add_even_extremes(
    program: Program, x: Activation, y: Activation, kernel: Space, stride: Space, sign: int, winners: Activation | None
) -> None:
    """Append to the walk: the extreme of each window, and what is left of its winner to `winners`."""
    planes, lines, width = y.space
    # Units are ranges of a channel's rows of windows, so that threads find some to share where channels are few.
    ranges = min(planes * lines, -(-LEAST_UNITS // x.channels))
    call = program.call(
        even_extreme,
        sign,
        *kernel,
        int(winners is not None),
        **grid("x", x),
        **grid("y", y),
        winners=winners or y,
        **_steps(x, stride),
        planes=planes,
        lines=lines,
        width=width,
        ranges=ranges,
        **program.units(x.channels * ranges),
    )
    call.units, call.work = x.channels * ranges, math.prod(kernel) * y.size
    program.each_block(call, produces=y)


def add_even_extremes_gradient(
    program: Program, dy: Activation, dx: Activation, kernel: Space, stride: Space, winners: Activation
) -> Call:
    """Append to the walk: the gradient of each window goes to its winner; mask and sums are for the caller to set."""
    planes, lines, width = dy.space
    scattered = int(stride != kernel)
    # What windows cover that lie side by side, and so need not be zeroed first.
    covered = [0 if scattered else step * count for step, count in zip(stride, dy.space, strict=True)]
    call = program.call(
        even_extreme_gradient,
        *kernel,
        scattered,
        **grid("dy", dy),
        # Read under a mask alone.
        **grid("y", dy),
        **grid("dx", dx),
        winners=winners,
        **_steps(dx, stride),
        planes=planes,
        lines=lines,
        width=width,
        all_planes=dx.space[0],
        all_rows=dx.space[1],
        all_columns=dx.space[2],
        covered_planes=covered[0],
        covered_rows=covered[1],
        covered_columns=covered[2],
        masked=0,
        # Written where it is asked for alone.
        sums=Array("no sums", (1,)),
        blocks_per_partition=program.blocks_per_partition,
        channels=dx.channels,
        summed=0,
        **program.units(dx.channels),
    )
    call.units, call.work = dx.channels, math.prod(kernel) * dy.size
    if not scattered:
        call.spreads = Pool(kernel, dy, winners, winner_bytes(program.lanes, math.prod(kernel)))
    return program.each_block(call, produces=dx)


def _steps(x: Activation, stride: Space) -> dict[str, Argument]:
    """Bytes from one window to the next on each axis of `x`."""
    plane, row, column = stride
    return {
        "plane_step": lambda: plane * x.strides[0],
        "row_step": lambda: row * x.strides[1],
        "column_step": column * x.lane_bytes,
    }
