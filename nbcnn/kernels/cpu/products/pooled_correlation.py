"""Weight gradients of a convolution before a pool of maxima, where nobody else reads the pool's gradient.

So it is with a network's first layer. The gradient for all pixels, most of it zeros, is made for a few windows at a
time and stays in the first-level cache, where every tile of taps finds it.
"""

import math

import numpy as np

from nbcnn.kernels.cpu.families.even_extremes import winner_bytes
from nbcnn.kernels.cpu.families.sums import PartialSums, add_to_partition
from nbcnn.kernels.cpu.families.tails import load_first, store_first
from nbcnn.kernels.cpu.families.windows import Window, every
from nbcnn.kernels.cpu.language.row import Body, arguments, read_index, read_word
from nbcnn.kernels.cpu.language.transposing import sums_of
from nbcnn.kernels.cpu.language.vector import beyond, load, mask_of, splat, store, where
from nbcnn.kernels.cpu.products.products import choose_tile, tap_table
from nbcnn.kernels.cpu.products.tile import correlation_sums
from nbcnn.kernels.cpu.program.buffers import Table
from nbcnn.kernels.cpu.program.calls import Activation, Walk, activations_of
from nbcnn.kernels.cpu.program.program import Program

# Pixels of a filter that are made at a time.
POSITIONS = 96


def correlate_pooled(lanes: int, filters: int, taps: int, pool: int) -> Body:
    """`pool` pixels make a window."""
    vector, masks, entry = 4 * lanes, 64 // lanes, winner_bytes(lanes, pool)

    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            dy,
            y,
            winners,
            result,
            bias_sums,
            spread,
            sums,
            totals,
            window_table,
            positions,
            tap_table,
            windows,
            chunk,
            all_filters,
            tap_count,
            dy_step,
            y_step,
            masked,
            summed,
            blocks_per_partition,
            first_row,
            last_row,
        ) = arguments("bbbbbbbbbbbbiiiiiiiiiii", arena, row, index, slot)
        none = splat(lanes, np.float32(0.0))
        partition = index // blocks_per_partition
        resume = index > partition * blocks_per_partition
        result += 4 * partition * all_filters * tap_count
        bias_sums += 4 * partition * all_filters
        spread_step, sums_step = chunk * pool * vector, (tap_count + taps + lanes) * vector
        for tile_row in range(first_row, last_row):
            first = tile_row * filters
            count = min(filters, all_filters - first)
            for begin in range(0, windows, chunk):
                here = min(chunk, windows - begin)
                for f in range(count):
                    total = load(lanes, totals + f * vector) if begin > 0 else none
                    source, known = dy + (first + f) * dy_step, y + (first + f) * y_step
                    place = winners + ((first + f) * windows + begin) * entry
                    target = spread + f * spread_step
                    for window in range(begin, begin + here):
                        delta = load(lanes, source + read_index(window_table + 8 * window))
                        if masked:
                            best = load(lanes, known + read_index(window_table + 8 * window + 4))
                            delta = where(beyond(best, none), delta, none)
                        total = total + delta
                        place += entry
                        # Backwards: the last tap that was beyond those before it has won.
                        for number in range(1, pool):
                            tap = pool - number
                            bits = read_word(place - entry + (tap - 1) // masks * 8)
                            won = mask_of(lanes, bits >> (tap - 1) % masks * lanes)
                            store(where(won, delta, none), target + tap * vector)
                            delta = where(won, none, delta)
                        store(delta, target)
                        target += pool * vector
                    store(total, totals + f * vector)
                for tap in range(0, tap_count, taps):
                    correlation_sums(
                        lanes, filters, taps,
                        x, tap_table + 4 * tap, spread, spread_step,
                        positions + 8 * pool * begin, pool * here,
                        sums + tap * vector, sums_step, count, begin, spread,
                    )  # fmt: skip
            for f in range(count):
                target = result + 4 * (first + f) * tap_count
                for tap in range(0, tap_count, lanes):
                    sum_ = sums_of(lanes, sums + f * sums_step + tap * vector)
                    if resume:
                        sum_ = sum_ + load_first(lanes, target + 4 * tap, tap_count - tap)
                    store_first(sum_, target + 4 * tap, tap_count - tap)
                if summed:
                    add_to_partition(load(lanes, totals + f * vector), bias_sums + 4 * (first + f), resume)

    return body


def can_correlate_pooled(program: Program, dy: Activation) -> bool:
    """Whether the last call has spread the gradient of a pool over `dy`, which nobody has read so far."""
    walk = program.middle[-1]
    last = walk.calls[-1] if isinstance(walk, Walk) and walk.calls else None
    return last is not None and dy.producer is last and last.spreads is not None and not dy.shared


def add_pooled_correlation(
    program: Program,
    window: Window,
    flip: bool,
    x: Activation,
    shape: tuple[int, ...],
    name: str,
) -> PartialSums:
    """Append, in place of the last call, which spreads a pool's gradient, the gradient of weights of `shape`."""
    walk = program.middle[-1]
    assert isinstance(walk, Walk)
    spreading = walk.calls.pop()
    pool, given = spreading.spreads, spreading.arguments
    assert pool is not None and pool.winners is not None
    dy, (_, y, *_) = pool.y, activations_of(spreading)
    group_channels = shape[1]
    tap_count = group_channels * window.tap_count
    tile_filters, tile_taps = choose_tile("correlate", shape[0], tap_count)
    chunk = max(1, POSITIONS // pool.taps)
    result = PartialSums(program, name, shape)

    def scratch(kind: str, vectors: int) -> Activation:
        found = program.activation(f"{name} {kind}", vectors, (1, 1, 1))
        found.storage.per_worker = True
        return found

    windows = every(pool.y.space)
    pixels = (windows[:, None] * np.array(pool.kernel) + every(pool.kernel)).reshape(-1, 3)

    def positions() -> np.ndarray:
        spread = np.arange(len(pixels)) % (chunk * pool.taps) * x.lane_bytes
        return np.stack([x.offsets(window.starts(pixels)), spread], axis=1)

    call = program.call(
        correlate_pooled,
        tile_filters,
        tile_taps,
        pool.taps,
        x=x,
        dy=dy,
        y=y,
        winners=pool.winners,
        result=result,
        bias_sums=given["sums"],
        spread=scratch("spread", tile_filters * chunk * pool.taps),
        sums=scratch("sums", tile_filters * (tap_count + tile_taps + program.lanes)),
        totals=scratch("totals", tile_filters),
        window_table=Table("windows", lambda: np.stack([dy.offsets(windows), y.offsets(windows)], axis=1)),
        positions=Table("positions", positions),
        tap_table=tap_table(program, window, flip, x, group_channels, tile_taps),
        windows=len(windows),
        chunk=chunk,
        all_filters=shape[0],
        tap_count=tap_count,
        dy_step=lambda: dy.channel_stride,
        y_step=lambda: y.channel_stride,
        masked=given["masked"],
        summed=given["summed"],
        blocks_per_partition=program.blocks_per_partition,
        **program.units(math.ceil(shape[0] / tile_filters)),
    )
    call.units, call.work = math.ceil(shape[0] / tile_filters), math.prod(shape) * len(pixels)
    program.each_block(call)
    return result
