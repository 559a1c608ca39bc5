"""Weight gradients of wide layers, each part of the weights summed over the whole batch.

In the walk every partition of the batch has a partial sum of its own, which suits narrow layers: all they need is in
the cache already. A wide layer's partial sums would be a multiple of its weights, and on small maps the sum over lanes
would cost as much as the products before it. Here a part of a phase keeps its sums, lanes apart, for all blocks.
"""

import math

from nbcnn.kernels.cpu.families.sums import PartialSums
from nbcnn.kernels.cpu.families.tails import store_first
from nbcnn.kernels.cpu.families.windows import Window
from nbcnn.kernels.cpu.language.row import Body, arguments, read_index
from nbcnn.kernels.cpu.language.transposing import sums_of
from nbcnn.kernels.cpu.products.pooled_correlation import add_pooled_correlation, can_correlate_pooled
from nbcnn.kernels.cpu.products.products import add_correlation, choose_tile, position_table, tap_table
from nbcnn.kernels.cpu.products.tile import correlation_sums
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

# The sums of a part, of so many filters and taps at most, stay in the second-level cache beside what they are made of.
PART_FILTERS, PART_TAPS = 16, 576
# Kernels of one tap have no taps that share what they read; a part with as many sums but more filters reads less.
POINTWISE_FILTERS, POINTWISE_TAPS = 64, 144
# Positions that one tile sums before the next begins, and taps that all filters of a part meet before the next, so that
# what they read stays in the first-level cache.
POSITIONS, CHUNK_TAPS = 64, 48
# With fewer parts than these, ranges of blocks are summed apart as well.
FEW_PARTS = 16

# Partial sums of the whole batch may take so many bytes.
PARTIAL_BYTES = 16 << 20


def add_weight_gradient(
    program: Program,
    window: Window,
    flip: bool,
    groups: int,
    x: Activation,
    dy: Activation,
    shape: tuple[int, ...],
    name: str,
) -> Array:
    """Append the gradient of weights of `shape`, in the walk or after it: sums over batch and pixels of dy times x."""
    count = math.prod(shape)
    few_positions = math.prod(dy.space) <= POSITIONS and count >= 16384
    # Without taps that share what they read, a sum is as fast as what it reads comes, which several filters share.
    pointwise = window.tap_count == 1 and count >= 2048 and groups == 1
    too_large = 4 * count * program.partitions > PARTIAL_BYTES
    if few_positions or pointwise or too_large:
        return add_batch_correlation(program, window, flip, groups, x, dy, shape, name)
    if groups == 1 and can_correlate_pooled(program, dy):
        return add_pooled_correlation(program, window, flip, x, shape, name)
    return add_correlation(program, window, flip, groups, x, dy, shape, name)


def correlate_batch(lanes: int, filters: int, taps: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            dy,
            result,
            sums,
            positions,
            tap_table,
            samples,
            x_block,
            dy_block,
            span,
            position_count,
            group_filters,
            tap_count,
            x_group,
            dy_step,
            filter_parts,
            tap_parts,
            part_filters,
            part_taps,
            chunk_taps,
            groups,
            range_blocks,
        ) = arguments("bbbbbbwiiiiiiiiiiiiiii", arena, row, index, slot)
        range_parts = groups * filter_parts * tap_parts
        number = index // range_parts
        begin = number * range_blocks
        blocks = min(begin + range_blocks, (samples + lanes - 1) // lanes)
        result += 4 * number * groups * group_filters * tap_count
        index -= number * range_parts
        group = index // (filter_parts * tap_parts)
        part = index - group * filter_parts * tap_parts
        first_filter = part // tap_parts * part_filters
        first_tap = (part - part // tap_parts * tap_parts) * part_taps
        filter_count = min(part_filters, group_filters - first_filter)
        count = min(part_taps, tap_count - first_tap)
        row_bytes = 4 * lanes * (part_taps + taps)
        dy += (group * group_filters + first_filter) * dy_step
        x += group * x_group
        resume = 0
        for block in range(begin, blocks, span):
            here = min(span, blocks - block) * position_count
            for first in range(0, here, POSITIONS):
                # Each tile asks for one row of the positions to come.
                later, next_block = first + POSITIONS, block
                if later >= here and block + span < blocks:
                    later, next_block = 0, block + span
                elif later >= here:
                    later = first
                next_x = x + next_block * x_block + read_index(positions + 8 * later)
                next_dy = dy + next_block * dy_block + read_index(positions + 8 * later + 4)
                turn = 0
                for chunk in range(0, count, chunk_taps):
                    for filter_number in range(0, filter_count, filters):
                        for tap in range(chunk, min(count, chunk + chunk_taps), taps):
                            ahead = next_dy + min(turn, filter_count - 1) * dy_step
                            if turn >= filter_count:
                                other = min(turn - filter_count, count - 1)
                                ahead = next_x + read_index(tap_table + 4 * (first_tap + other))
                            turn += 1
                            correlation_sums(
                                lanes, filters, taps,
                                x + block * x_block, tap_table + 4 * (first_tap + tap),
                                dy + block * dy_block + filter_number * dy_step, dy_step,
                                positions + 8 * first, min(POSITIONS, here - first),
                                sums + filter_number * row_bytes + 4 * lanes * tap, row_bytes,
                                filter_count - filter_number, resume, ahead,
                            )  # fmt: skip
                resume = 1
        for filter_number in range(filter_count):
            target = result + 4 * ((group * group_filters + first_filter + filter_number) * tap_count + first_tap)
            source = sums + filter_number * row_bytes
            for tap in range(0, count, lanes):
                store_first(sums_of(lanes, source + 4 * lanes * tap), target + 4 * tap, count - tap)

    return body


def add_batch_correlation(
    program: Program,
    window: Window,
    flip: bool,
    groups: int,
    x: Activation,
    dy: Activation,
    shape: tuple[int, ...],
    name: str,
) -> Array:
    """Append, after the walk so far, the gradient of weights of `shape`: sums over batch and pixels of dy times x."""
    group_filters = shape[0] // groups
    group_channels = shape[1]
    tap_count = group_channels * window.tap_count
    most_filters, most_taps = (
        (POINTWISE_FILTERS, POINTWISE_TAPS) if tap_count == group_channels else (PART_FILTERS, PART_TAPS)
    )
    part_filters, part_taps = min(most_filters, group_filters), min(most_taps, tap_count)
    tile_filters, tile_taps = choose_tile("correlate", part_filters, part_taps)
    filter_parts, tap_parts = math.ceil(group_filters / part_filters), math.ceil(tap_count / part_taps)
    parts = groups * filter_parts * tap_parts
    range_blocks = math.ceil(program.blocks / math.ceil(FEW_PARTS / parts)) if parts < FEW_PARTS else program.blocks
    # Small maps of several blocks make one list of positions.
    pixels = math.prod(dy.space)
    span = max(1, min(range_blocks, POSITIONS // pixels))
    ranges = math.ceil(program.blocks / range_blocks)
    result = Array(f"{name} gradient", shape) if ranges == 1 else PartialSums(program, name, shape, range_blocks)
    rows = math.ceil(part_filters / tile_filters) * tile_filters
    sums = program.activation(f"{name} sums", rows * (part_taps + tile_taps) + program.lanes, (1, 1, 1))
    sums.storage.per_worker = True

    call = program.call(
        correlate_batch,
        tile_filters,
        tile_taps,
        x=x,
        dy=dy,
        result=result,
        sums=sums,
        positions=position_table(program, window, x, dy, span),
        tap_table=tap_table(program, window, flip, x, group_channels, tile_taps),
        samples=program.state("samples"),
        x_block=lambda: x.storage.block_stride,
        dy_block=lambda: dy.storage.block_stride,
        span=span,
        position_count=pixels,
        group_filters=group_filters,
        tap_count=tap_count,
        x_group=lambda: group_channels * x.channel_stride,
        dy_step=lambda: dy.channel_stride,
        filter_parts=filter_parts,
        tap_parts=tap_parts,
        part_filters=part_filters,
        part_taps=part_taps,
        chunk_taps=tile_taps if tap_count == group_channels else max(1, CHUNK_TAPS // tile_taps) * tile_taps,
        groups=groups,
        range_blocks=range_blocks,
    )
    program.some_time_after_blocks([call], ranges * parts)
    return result
