"""The two kernels around the register tiles, and how an operation asks for them.

`convolve` serves convolutions forwards, their data gradient and linear layers both ways; `correlate` serves weight
gradients. Which tile is compiled follows from the number of filters and pixels by a small cost model.
"""

import math
from collections.abc import Callable, Hashable
from functools import cache, lru_cache

import numpy as np

from nbcnn.kernels.cpu.families.sums import PartialSums
from nbcnn.kernels.cpu.families.windows import (
    Strands,
    TileTables,
    Window,
    columns_of,
    every,
    halo_of,
    tile_table_bytes,
    tile_tables,
)
from nbcnn.kernels.cpu.language.lanes import register_count
from nbcnn.kernels.cpu.language.row import Body, arguments, read_index
from nbcnn.kernels.cpu.products.packing import Packing, packed_bias, packed_weights
from nbcnn.kernels.cpu.products.tile import convolution_tile, correlation_tile
from nbcnn.kernels.cpu.program.buffers import LARGEST_OFFSET, Array, Table
from nbcnn.kernels.cpu.program.calls import NO_HALO, Activation, Argument, Call, Pool
from nbcnn.kernels.cpu.program.program import Program

# What one channel chunk of a tile's input may take, so that it stays in the first-level cache for all filters.
CHUNK_BYTES = 32 << 10
# Positions that a weight gradient sums for all taps before it goes on, so that they stay in the second-level cache.
CHUNK_POSITIONS = 1024
# What counts as many weights, and as few pixels of a block.
MANY_WEIGHTS, FEW_PIXELS = 1 << 17, 8


def convolve(lanes: int, filters: int, pixels: int, pool: int = 0, keeps_winners: int = 0) -> Body:
    """With `pool`, the largest of so many pixels of a tile that follow each other is stored for them."""

    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            weight,
            bias,
            y,
            mask,
            pixel_table,
            tile_table,
            tap_table,
            tiles,
            groups,
            group_filters,
            steps,
            steps_per_chunk,
            x_step,
            weight_step,
            panel,
            x_group,
            y_step,
            mask_step,
            masked,
            lowest,
            first_panel,
            last_panel,
            first_tile,
        ) = arguments("bbbbbbbbiiiiiiiiiiiiriii", arena, row, index, slot)
        mask_step = mask_step * masked
        mask = mask * masked
        filter_groups = (group_filters + filters - 1) // filters
        for group in range(groups):
            for first in range(0, steps, steps_per_chunk):
                count = min(steps_per_chunk, steps - first)
                last = first + count == steps
                clamp = lowest if last else np.float32(-np.inf)
                for tile in range(first_tile, tiles):
                    taps = tap_table + read_index(tile_table + 8 * tile)
                    tap_count = read_index(tile_table + 8 * tile + 4)
                    pixel = pixel_table + 12 * pixels * tile
                    for number in range(first_panel, last_panel):
                        # Each of the first panels asks for the inputs of one pixel of the next tile.
                        ahead = min(number - first_panel + pixels, 2 * pixels - 1 if tile + 1 < tiles else 0)
                        here = (group * filter_groups + number) * panel + first * weight_step
                        start = group * group_filters + number * filters
                        convolution_tile(
                            lanes, filters, pixels,
                            x + group * x_group + first * x_step, x_step,
                            weight + here, weight_step, count,
                            pixel, taps, tap_count,
                            bias + 4 * filters * (group * filter_groups + number), first,
                            y + start * y_step, y_step, min(filters, group_filters - number * filters),
                            clamp, mask + start * mask_step if last else 0, mask_step, 4,
                            x + group * x_group + first * x_step + read_index(pixel + 12 * ahead), 0,
                            pool, keeps_winners,
                        )  # fmt: skip

    return body


def correlate(lanes: int, filters: int, taps: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            dy,
            result,
            positions,
            tap_table,
            position_count,
            groups,
            group_filters,
            tap_count,
            x_group,
            dy_step,
            blocks_per_partition,
            first_row,
            last_row,
        ) = arguments("bbbbbiiiiiiiii", arena, row, index, slot)
        partition = index // blocks_per_partition
        add = index - partition * blocks_per_partition
        result += partition * groups * group_filters * tap_count * 4
        for group in range(groups):
            for tile_row in range(first_row, last_row):
                first = tile_row * filters
                filter_number = group * group_filters + first
                for place in range(0, position_count, CHUNK_POSITIONS):
                    here = min(CHUNK_POSITIONS, position_count - place)
                    for tap in range(0, tap_count, taps):
                        correlation_tile(
                            lanes, filters, taps,
                            x + group * x_group, tap_table + 4 * tap,
                            dy + filter_number * dy_step, dy_step, positions + 8 * place, here,
                            result + (filter_number * tap_count + tap) * 4, tap_count * 4,
                            min(filters, group_filters - first), min(taps, tap_count - tap), add + place,
                        )  # fmt: skip

    return body


# Tiles worth compiling, rows x columns, for machines with 32 vector registers and with 16. A short menu keeps the first
# start short; on it, each reaches the machine's product rate within a few per cent.
_MENUS = {
    "convolve": {32: ((6, 4), (4, 6), (3, 8), (2, 8), (1, 8), (24, 1), (12, 1)), 16: ((3, 4), (2, 4), (1, 8), (12, 1))},
    # Weights in rows of their own, each with an address in a register.
    "canonical": {32: ((6, 4), (4, 6), (3, 8)), 16: ((3, 4),)},
    "correlate": {32: ((4, 6), (3, 8), (3, 5), (2, 10)), 16: ((3, 4), (2, 5))},
}


@lru_cache(maxsize=256)
def choose_tile(kernel: str, rows: int, columns: int) -> tuple[int, int]:
    """The tile of a kernel's menu that finishes a rows x columns problem in the fewest cycles.

    One step of a tile costs the most of: its products at two a cycle, its loads (a vector per column, a broadcast or a
    vector per row, two table entries) at two a cycle, and all its instructions at five and a half a cycle. One more
    cycle stands for the loops around it, and a quarter of one for each column, whose vectors often come from the
    second-level cache; a row's broadcast numbers share their lines.
    """

    def cost(tile: tuple[int, int]) -> float:
        height, width = tile
        products = height * width
        step = max(products / 2, (height + width + 2) / 2, (products + height + width + 5) / 5.5)
        return math.ceil(rows / height) * math.ceil(columns / width) * (step + 1 + width / 4)

    return min(_MENUS[kernel][32 if register_count() >= 32 else 16], key=cost)


@cache
def fold_of(channels: int, taps: int) -> int:
    """How many channels to fold into the list of taps: a divisor, so that a list has enough entries and is short."""
    if channels * taps <= 256:
        return channels
    return max(n for n in range(1, channels + 1) if channels % n == 0 and (n == 1 or n * taps <= 64))


def add_convolution(
    program: Program,
    strands: Strands,
    taps: int,
    weight: Array,
    bias: Array | None,
    packing: Packing,
    source: Activation,
    target: Activation,
    pack: Callable[[Program, Array, Packing, int], Array] = packed_weights,
) -> Call:
    """Append to the walk: target = sum over channels and taps of source times weight, plus bias.

    `source` must have the halo that the strands reach into; `pack` makes of `weight` what the tile reads, for so many
    filters at once. What the call stores can later be clamped from below (its argument `lowest`), masked (`set_mask`)
    and pooled (`set_pool`).
    """
    pixel_count = sum(len(strand.pixels) for strand in strands)
    # Many weights that meet few pixels are read for all blocks at once, or reading them would take the time.
    whole_batch = math.prod(weight.shape) >= MANY_WEIGHTS and pixel_count <= FEW_PIXELS and program.blocks > 1
    blocks = program.blocks if whole_batch else 1
    pixel_count *= blocks
    tile_filters, tile_pixels = choose_tile("convolve", packing.filters, pixel_count)
    filter_groups = packing.filter_groups(tile_filters)
    fold = fold_of(packing.channels, packing.taps)
    steps = packing.channels // fold
    reach = columns_of(strands)
    lines = fold * (tile_pixels + reach) * max(1, taps // max(1, reach))
    steps_per_chunk = max(1, min(steps, CHUNK_BYTES // (lines * source.lane_bytes)))
    mask = target
    pool: Pool | None = None

    @cache
    def tables() -> TileTables:
        sizes = tile_pixels, 4 * tile_filters, packing.taps, fold, blocks
        if pool:
            return tile_tables(strands, source, target, mask, *sizes, pool)
        layouts = [(each.layout, blocks > 1 and each.storage.extent()) for each in (source, target, mask)]
        return program.once((strands, *layouts, sizes), lambda: tile_tables(strands, source, target, mask, *sizes))

    def table(name: str, number: int) -> Table:
        def size() -> int | None:
            # Where offsets may not fit, one of the three is computed, and tells.
            largest = blocks * max(each.storage.extent() for each in (source, target, mask)) if number == 0 else 0
            if pool or largest > LARGEST_OFFSET:
                return None
            cut = source.space, tile_pixels, blocks
            pixels, tiles, taps = program.once((strands, *cut), lambda: tile_table_bytes(strands, *cut))
            return (pixels, tiles, fold * taps)[number]

        return Table(name, lambda: tables()[number], size if program.outline else None)

    call = program.call(
        convolve,
        tile_filters,
        tile_pixels,
        x=source,
        weight=pack(program, weight, packing, tile_filters),
        bias=packed_bias(program, bias, packing, tile_filters),
        y=target,
        mask=target,
        pixel_table=table("pixels", 0),
        tile_table=table("tiles", 1),
        tap_table=table("taps", 2),
        tiles=lambda: len(tables().tiles),
        groups=packing.groups,
        group_filters=packing.filters,
        steps=steps,
        steps_per_chunk=steps_per_chunk,
        x_step=lambda: fold * source.channel_stride,
        weight_step=4 * fold * packing.taps * tile_filters,
        panel=4 * packing.channels * packing.taps * tile_filters,
        x_group=lambda: packing.channels * source.channel_stride,
        y_step=lambda: target.channel_stride,
        mask_step=lambda: mask.channel_stride,
        masked=0,
        lowest=-math.inf,
        **program.units(filter_groups),
        first_tile=0,
    )
    call.units = filter_groups
    products = sum(strand.taps.shape[0] * len(strand.pixels) for strand in strands)
    call.work = packing.groups * packing.channels * packing.filters * products

    def set_mask(activation: Activation) -> bool:
        nonlocal mask
        mask = activation
        call.arguments.update(mask=mask, masked=1)
        return True

    def in_rows() -> bool:
        """Whether all pixels have the same tap, so that tiles take them row by row."""
        return taps == len(strands) == 1 and halo_of(strands, source.space) == NO_HALO

    def by_rows(part: int, parts: int) -> Call | None:
        if not in_rows() or pixel_count % (parts * tile_pixels) or target.space[0] > 1:
            return None
        tiles = pixel_count // tile_pixels // parts
        bounds: dict[str, Argument] = {"first_tile": part * tiles, "tiles": (part + 1) * tiles}
        return call.but(bounds, call.work // parts)

    def set_pool(wanted: Pool) -> bool:
        nonlocal pool, tile_pixels
        # Of the tiles only those of 4 x 6 do not hold whole windows of four, and 4 x 4 is nearly as good.
        pixels = tile_pixels if tile_pixels % wanted.taps == 0 else 4
        if pixels % wanted.taps or tile_pixels < pixels or steps > steps_per_chunk or len(strands) > 1:
            return False
        pool, tile_pixels = wanted, pixels
        constants = *call.kernel.constants[:2], pixels, pool.taps, int(pool.winners is not None)
        call.kernel = call.kernel._replace(constants=constants)
        call.arguments.update(
            y=pool.y,
            y_step=lambda: wanted.y.channel_stride,
            mask=pool.winners or pool.y,
            mask_step=pool.windows * pool.entry,
            masked=1,
        )
        return True

    call.set_mask = set_mask
    call.by_rows = None if whole_batch else by_rows
    call.set_pool = None if whole_batch else set_pool
    if whole_batch:
        return program.whole_batch(call, produces=target)
    return program.each_block(call, produces=target)


def tap_table(program: Program, window: Window, flip: bool, x: Activation, channels: int, surplus: int) -> Table:
    """The offsets of a window's taps in each of the first channels of x, for tiles of weight gradients.

    The last tile may be wider than what is left; its `surplus` columns repeat the last tap and are not stored.
    """

    def offsets() -> np.ndarray:
        taps = window.taps @ np.array(x.strides, dtype=np.int64)
        flat = (np.arange(channels)[:, None] * x.channel_stride + (taps[::-1] if flip else taps)).ravel()
        return np.concatenate([flat, np.full(surplus, flat[-1])])

    return program.table("tap offsets", lambda: (window, flip, x.layout, channels, surplus), offsets)


def position_table(program: Program, window: Window, x: Activation, dy: Activation, blocks: int = 1) -> Table:
    """Where each window of x begins, and the gradient dy of what it gave, in so many blocks that lie in a row."""

    def extents() -> tuple[int, int]:
        return x.storage.extent(), dy.storage.extent()

    def offsets() -> np.ndarray:
        pixels = every(dy.space)
        here = np.stack([x.offsets(window.starts(pixels)), dy.offsets(pixels)], axis=1)
        shifted: np.ndarray = np.arange(blocks)[:, None, None] * np.array(extents()) + here
        return shifted.reshape(-1, 2)

    def key() -> Hashable:
        return window, x.layout, dy.layout, blocks, blocks > 1 and extents()

    def size() -> int | None:
        fits = blocks * max(extents()) <= LARGEST_OFFSET
        return 8 * blocks * math.prod(dy.space) if fits else None

    return program.table("positions", key, offsets, size)


def add_correlation(
    program: Program,
    window: Window,
    flip: bool,
    groups: int,
    x: Activation,
    dy: Activation,
    shape: tuple[int, ...],
    name: str,
) -> PartialSums:
    """Append to the walk the gradient of weights of `shape`: sums over pixels and lanes of dy times x."""
    group_filters = shape[0] // groups
    group_channels = shape[1]
    tap_count = group_channels * window.tap_count
    tile_filters, tile_taps = choose_tile("correlate", group_filters, tap_count)
    tile_rows = math.ceil(group_filters / tile_filters)
    result = PartialSums(program, name, shape)

    call = program.call(
        correlate,
        tile_filters,
        tile_taps,
        x=x,
        dy=dy,
        result=result,
        positions=position_table(program, window, x, dy),
        tap_table=tap_table(program, window, flip, x, group_channels, tile_taps),
        position_count=math.prod(dy.space),
        groups=groups,
        group_filters=group_filters,
        tap_count=tap_count,
        x_group=lambda: group_channels * x.channel_stride,
        dy_step=lambda: dy.channel_stride,
        blocks_per_partition=program.blocks_per_partition,
        **program.units(tile_rows),
    )
    call.units = tile_rows
    call.work = math.prod(shape) * math.prod(dy.space)
    program.each_block(call)
    return result
