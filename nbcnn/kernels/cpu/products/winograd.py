"""Convolutions of 3 x 3 and 5 x 5 with stride 1 by Winograd's F(4 x 4, r x r), forwards and for the data gradient.

Taps along the depth are further input channels. A part of a phase takes a few tiles of 4 x 4 outputs, from as many
blocks as need be, so that maps of one tile share the transformed weights over several blocks and threads are balanced
whatever the number of blocks. It transforms the tiles' inputs, multiplies them value by value with the filters'
weights, and transforms the products to outputs.
"""

import math

import numpy as np

from nbcnn.kernels.cpu.families.copying import with_halo
from nbcnn.kernels.cpu.families.windows import three_axes
from nbcnn.kernels.cpu.language.row import Body, arguments, read_float, read_index
from nbcnn.kernels.cpu.products.packing import Packing, packed_bias
from nbcnn.kernels.cpu.products.products import CHUNK_BYTES
from nbcnn.kernels.cpu.products.tile import convolution_tile
from nbcnn.kernels.cpu.products.winograd_axis import TILE, values_of
from nbcnn.kernels.cpu.products.winograd_tile import tile_inputs, tile_products
from nbcnn.kernels.cpu.products.winograd_tiling import Tiling, product_tile, scratch
from nbcnn.kernels.cpu.products.winograd_weights import add_transformed_weights
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation, Pool, Space
from nbcnn.kernels.cpu.program.program import Program

_ENTRY = 24  # bytes of one column of tiles in the table

# A phase has so many parts if it can, by sharing out filters where there are few tiles, but never fewer filters a part:
# each part transforms all inputs of its tiles.
_PARTS, _PART_FILTERS = 8, 64


def winograd(
    lanes: int,
    columns: int,
    filters: int,
    tiles: int,
    pool_rows: int = 1,
    pool_columns: int = 1,
    keeps_winners: int = 0,
) -> Body:
    """With a pool, the largest of each window is stored for it."""
    vector = 4 * lanes
    values = values_of(columns) ** 2

    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            source,
            target,
            mask,
            weight,
            bias,
            zeros,
            inputs,
            products,
            tile_table,
            pixel_table,
            tap_table,
            samples,
            block_columns,
            part_columns,
            column_tiles,
            taps,
            splits,
            channels,
            chunk_channels,
            all_filters,
            part_filters,
            panel,
            weight_step,
            input_step,
            product_step,
            source_block,
            source_channel,
            source_plane,
            source_row,
            target_block,
            target_channel,
            target_plane,
            target_row,
            mask_block,
            mask_channel,
            mask_plane,
            mask_row,
            masked,
            lowest,
        ) = arguments("bbbbbbbbbbbwiiiiiiiiiiiiiiiiiiiiiiiiiir", arena, row, index, slot)
        first_column = index // splits * part_columns
        count = min(part_columns, (samples + lanes - 1) // lanes * block_columns - first_column)
        if count <= 0:
            return
        patches = column_tiles + taps - 1
        input_line, product_line = part_columns * patches * vector, part_columns * column_tiles * vector
        # Tiles follow each other within a channel, because neighbours lie in memory side by side.
        for channel in range(channels):
            for column in range(count):
                block = (first_column + column) // block_columns
                entry = tile_table + _ENTRY * (first_column + column - block * block_columns)
                start = source + block * source_block + channel * source_channel + read_index(entry)
                place = inputs + channel * input_line + column * patches * vector
                for plane in range(read_index(entry + 20) + taps - 1):
                    tile_inputs(
                        lanes, columns, columns, start + plane * source_plane, source_row, vector,
                        place + plane * vector, input_step,
                    )  # fmt: skip
        begin = (index - index // splits * splits) * part_filters
        end = min(all_filters, begin + part_filters)
        for value in range(values):
            for first in range(0, channels, chunk_channels):
                for number in range(begin, end, filters):
                    for tile in range(0, count * column_tiles, tiles):
                        convolution_tile(
                            lanes, filters, tiles,
                            inputs + value * input_step + first * input_line, 0,
                            weight + value * weight_step + number // filters * panel + 4 * first * taps * filters, 0, 1,
                            pixel_table + 12 * tile,
                            tap_table, min(chunk_channels, channels - first) * taps, zeros, first,
                            products + value * product_step + (number - begin) * product_line, product_line,
                            min(filters, end - number), np.float32(-np.inf), 0, 0,
                        )  # fmt: skip
        for number in range(begin, end):
            for column in range(count):
                block = (first_column + column) // block_columns
                entry = tile_table + _ENTRY * (first_column + column - block * block_columns)
                place = products + (number - begin) * product_line + column * column_tiles * vector
                target_start = target + block * target_block + number * target_channel + read_index(entry + 4)
                mask_start = mask + block * mask_block + number * mask_channel + read_index(entry + 8)
                for plane in range(read_index(entry + 20)):
                    tile_products(
                        lanes, columns, columns, place + plane * vector, product_step,
                        read_float(bias + 4 * number), lowest,
                        mask_start + plane * mask_plane if masked else 0, mask_row,
                        target_start + plane * target_plane, target_row,
                        read_index(entry + 12), read_index(entry + 16), pool_rows, pool_columns, keeps_winners,
                    )  # fmt: skip

    return body


def add_winograd(
    program: Program,
    weight: Array,
    bias: Array | None,
    packing: Packing,
    mirrored: bool,
    before: Space,
    source: Activation,
    target: Activation,
) -> None:
    """Append phases: target = kernels over source, plus bias; the first output starts `before` the source.

    What they store can later be clamped from below (argument `lowest` of the producer), masked (`set_mask`) and pooled
    (`set_pool`).
    """
    kernel = three_axes(weight.shape[2:])
    taps, _, columns = kernel
    tiling = Tiling(target.space, before, kernel)
    source = with_halo(program, source, tiling.input_halo(source.space))
    tile_filters, tiles = product_tile()
    part_columns = max(1, tiles // tiling.planes)
    groups = math.ceil(program.blocks * tiling.count / part_columns)
    splits = max(1, min(_PARTS // groups, packing.filters // _PART_FILTERS))
    part_filters = tile_filters * math.ceil(packing.filters / splits / tile_filters)
    line = part_columns * tiling.patches * source.lane_bytes
    chunks = math.ceil(packing.channels * line / CHUNK_BYTES)
    chunk_channels = math.ceil(packing.channels / chunks)
    transformed = add_transformed_weights(program, weight, packing, tile_filters, mirrored)
    inputs, input_step = scratch(
        program, "transformed inputs", tiling, packing.channels * part_columns * tiling.patches
    )
    products, product_step = scratch(program, "products", tiling, part_filters * part_columns * tiling.planes)
    mask = target
    pool: Pool | None = None

    def pixels() -> np.ndarray:
        """Where a tile's first inputs and its products are; the last product's surplus tiles repeat the last."""
        column, plane = np.divmod(np.arange(part_columns * tiling.planes), tiling.planes)
        inputs, outputs = column * tiling.patches + plane, np.arange(len(plane))
        table = source.lane_bytes * np.stack([inputs, outputs, 0 * outputs], axis=1)
        return np.concatenate([table, np.repeat(table[-1:], -len(table) % tiles, axis=0)])

    def steps() -> np.ndarray:
        """From one channel, and tap along the depth, to the next: in the inputs and in the weights."""
        channel, tap = np.divmod(np.arange(chunk_channels * taps), taps)
        return np.stack([channel * line + tap * source.lane_bytes, 4 * tile_filters * (channel * taps + tap)], axis=1)

    call = program.call(
        winograd,
        columns,
        tile_filters,
        tiles,
        source=source,
        target=target,
        mask=target,
        weight=transformed.storage,
        bias=packed_bias(program, bias, packing, tile_filters),
        zeros=Array("zeros", (tile_filters,)),
        inputs=inputs,
        products=products,
        tile_table=program.table(
            "tiles",
            lambda: (tiling, pool, source.layout, target.layout, mask.layout),
            lambda: tiling.table(source, target, mask, pool),
        ),
        pixel_table=program.table("pixels", lambda: (tiling, part_columns, tiles), pixels),
        tap_table=program.table("channels", lambda: (chunk_channels, taps, line, tile_filters), steps),
        samples=program.state("samples"),
        block_columns=tiling.count,
        part_columns=part_columns,
        column_tiles=tiling.planes,
        taps=taps,
        splits=math.ceil(packing.filters / part_filters),
        channels=packing.channels,
        chunk_channels=chunk_channels,
        all_filters=packing.filters,
        part_filters=part_filters,
        panel=transformed.panel,
        weight_step=transformed.value_step,
        input_step=input_step,
        product_step=product_step,
        source_block=lambda: source.storage.block_stride,
        source_channel=lambda: source.channel_stride,
        source_plane=lambda: source.strides[0],
        source_row=lambda: source.strides[1],
        target_block=lambda: target.storage.block_stride,
        target_channel=lambda: target.channel_stride,
        target_plane=lambda: target.strides[0],
        target_row=lambda: target.strides[1],
        mask_block=lambda: mask.storage.block_stride,
        mask_channel=lambda: mask.channel_stride,
        mask_plane=lambda: mask.strides[0],
        mask_row=lambda: mask.strides[1],
        masked=0,
        lowest=-math.inf,
    )

    def set_mask(activation: Activation) -> bool:
        nonlocal mask
        mask = activation
        call.arguments.update(mask=mask, masked=1)
        return True

    def set_pool(wanted: Pool) -> bool:
        nonlocal pool
        depth, rows, columns = wanted.kernel
        if depth > 1 or TILE % rows or TILE % columns:
            return False
        pool, y, winners = wanted, wanted.y, wanted.winners or wanted.y
        _, height, width = y.space
        constants = *call.kernel.constants, rows, columns, int(wanted.winners is not None)
        call.kernel = call.kernel._replace(constants=constants)
        call.arguments.update(
            target=y,
            target_block=lambda: y.storage.block_stride,
            target_channel=lambda: y.channel_stride,
            target_plane=lambda: y.strides[0],
            target_row=lambda: y.strides[1],
            mask=winners,
            mask_block=lambda: winners.storage.block_stride,
            mask_channel=wanted.windows * wanted.entry,
            mask_plane=height * width * wanted.entry,
            mask_row=width * wanted.entry,
            masked=1,
        )
        return True

    call.set_mask, call.set_pool = set_mask, set_pool
    program.after_blocks([call], groups * math.ceil(packing.filters / part_filters))
    target.producer = call
