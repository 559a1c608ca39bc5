"""Convolutions of 3 x 3 with stride 1 by Winograd's F(4 x 4, 3 x 3), forwards and for the data gradient.

A part of a phase takes a few tiles of 4 x 4 outputs, from as many blocks as need be, so that maps of one tile share the
transformed weights over several blocks and threads are balanced whatever the number of blocks. It transforms the tiles'
inputs, multiplies them value by value with the filters' weights, and transforms the products to outputs.
"""

import math
from dataclasses import dataclass

import numpy as np

from nbcnn.kernels.cpu.copying import with_halo
from nbcnn.kernels.cpu.lanes import register_count
from nbcnn.kernels.cpu.packing import Packing, packed_bias
from nbcnn.kernels.cpu.products import CHUNK_BYTES
from nbcnn.kernels.cpu.program import Activation, Array, Halo, Program, Space, Table
from nbcnn.kernels.cpu.row import Body, arguments, read_float, read_index
from nbcnn.kernels.cpu.tile import convolution_tile
from nbcnn.kernels.cpu.windows import Window, every
from nbcnn.kernels.cpu.winograd_tile import PATCH, TILE, VALUES, transform_input, transform_output
from nbcnn.kernels.cpu.winograd_weights import add_transformed_weights

_ENTRY = 20  # bytes of one tile in the table

# A phase has so many parts if it can, by sharing out filters where there are few tiles, but never fewer filters a part:
# each part transforms all inputs of its tiles.
_PARTS, _PART_FILTERS = 8, 64


def winograd(lanes: int, filters: int, tiles: int) -> Body:
    vector = 4 * lanes
    line = tiles * vector

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
            block_tiles,
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
            source_row,
            target_block,
            target_channel,
            target_row,
            mask_block,
            mask_channel,
            mask_row,
            masked,
            lowest,
        ) = arguments("bbbbbbbbbbbwiiiiiiiiiiiiiiiiiiiir", arena, row, index, slot)
        first_tile = index // splits * tiles
        count = min(tiles, (samples + lanes - 1) // lanes * block_tiles - first_tile)
        if count <= 0:
            return
        # Tiles follow each other within a channel, because neighbours lie in memory side by side.
        for channel in range(channels):
            for tile in range(count):
                block = (first_tile + tile) // block_tiles
                entry = tile_table + _ENTRY * (first_tile + tile - block * block_tiles)
                transform_input(
                    lanes, source + block * source_block + channel * source_channel + read_index(entry), source_row,
                    inputs + channel * line + tile * vector, input_step,
                )  # fmt: skip
        begin = (index - index // splits * splits) * part_filters
        end = min(all_filters, begin + part_filters)
        for value in range(VALUES):
            for first in range(0, channels, chunk_channels):
                for number in range(begin, end, filters):
                    convolution_tile(
                        lanes, filters, tiles,
                        inputs + value * input_step + first * line, 0,
                        weight + value * weight_step + number // filters * panel + 4 * first * filters, 0, 1,
                        pixel_table, tap_table, min(chunk_channels, channels - first), zeros, first,
                        products + value * product_step + (number - begin) * line, line,
                        min(filters, end - number), np.float32(-np.inf), 0, 0,
                    )  # fmt: skip
        for number in range(begin, end):
            for tile in range(count):
                block = (first_tile + tile) // block_tiles
                entry = tile_table + _ENTRY * (first_tile + tile - block * block_tiles)
                mask_start = mask + block * mask_block + number * mask_channel + read_index(entry + 8)
                transform_output(
                    lanes, products + (number - begin) * line + tile * vector, product_step,
                    read_float(bias + 4 * number), lowest, mask_start if masked else 0, mask_row,
                    target + block * target_block + number * target_channel + read_index(entry + 4), target_row,
                    read_index(entry + 12), read_index(entry + 16),
                )  # fmt: skip

    return body


@dataclass(frozen=True)
class Tiling:
    """The tiles of 4 x 4 outputs of one block: `space` is the outputs', and the first starts `before` the input."""

    space: Space
    before: Space

    @property
    def counts(self) -> Space:
        return 1, math.ceil(self.space[1] / TILE), math.ceil(self.space[2] / TILE)

    @property
    def count(self) -> int:
        return math.prod(self.counts)

    def input_halo(self, source: Space) -> Halo:
        """How far the tiles' inputs reach beyond the source."""
        rows, columns = (
            (max(0, before), max(0, TILE * count + PATCH - TILE - before - size))
            for before, count, size in zip(self.before[1:], self.counts[1:], source[1:], strict=True)
        )
        return (0, 0), rows, columns

    @property
    def output_halo(self) -> Halo:
        """How far the tiles reach beyond the outputs."""
        _, rows, columns = (TILE * count - size for count, size in zip(self.counts, self.space, strict=True))
        return (0, 0), (0, rows), (0, columns)

    @property
    def corners(self) -> np.ndarray:
        """The first output of each tile, (tiles, 3)."""
        corners: np.ndarray = TILE * every(self.counts)
        return corners

    def table(self, source: Activation, target: Activation, mask: Activation) -> np.ndarray:
        """For each tile the byte offsets of its inputs, outputs and mask, and its rows and columns of outputs."""
        corners = self.corners
        sizes = np.minimum(TILE, np.array(self.space) - corners)[:, 1:]
        offsets = source.offsets(corners - np.array(self.before)), target.offsets(corners), mask.offsets(corners)
        return np.concatenate([np.stack(offsets, axis=1), sizes], axis=1)


# What one channel's or filter's transform takes in a tile, in cycles for a vector of lanes; it waits for memory. And as
# many tiles' products as transforming the weights takes.
_CYCLES, _WEIGHT_TILES = 350, 2


def suits_winograd(
    program: Program,
    window: Window,
    packing: Packing,
    outputs: Space,
    *,
    cycles: int = _CYCLES,
    more_tiles: int = _WEIGHT_TILES,
) -> bool:
    """Whether Winograd's method is wanted, can serve a pass with these outputs, and is faster."""
    return (
        program.winograd
        and (window.kernel, window.stride, window.dilation) == ((1, 3, 3), (1, 1, 1), (1, 1, 1))
        and packing.groups == 1
        and outputs[0] == 1
        and max(window.before) < 3
        and pays(packing.channels, packing.filters, outputs, program.blocks, cycles, more_tiles)
    )


def pays(channels: int, filters: int, outputs: Space, blocks: int, cycles: int, more_tiles: int) -> bool:
    """Whether Winograd's method is faster by a quarter; by less it is not worth its rounding errors.

    In cycles for a vector of lanes, as benchmarks/convolutions.py has them: direct, 9 products for each output, two a
    cycle. Winograd, 36 for each tile, nine tenths as fast, as many again as for `more_tiles`, and `cycles` for each
    channel and filter to transform.
    """
    tiles = blocks * Tiling(outputs, (0, 0, 0)).count
    direct = 4.5 * blocks * math.prod(outputs) * channels * filters
    return 1.25 * (20 * (tiles + more_tiles) * channels * filters + cycles * tiles * (channels + filters)) < direct


def product_tile() -> tuple[int, int]:
    """Filters and tiles of one product: four of each, as registers allow, waste least with few tiles."""
    return (4, 4) if register_count() >= 32 else (3, 4)


def scratch(program: Program, name: str, count: int) -> tuple[Activation, int]:
    """Room for the 36 values of `count` tiles, for each worker, and the bytes from one value to the next.

    Values begin one vector further apart than they need to: what lies a power of two apart has the same place in a
    cache, and transforms access all values in turn.
    """
    vectors = program.activation(name, VALUES, (1, 1, count + 1))
    vectors.storage.per_worker = True
    return vectors, vectors.channel_stride


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
    """Append phases: target = kernels of 3 x 3 over source, plus bias; output (0, 0) starts `before` the source.

    What they store can later be clamped from below (argument `lowest` of the producer) and masked (`set_mask`).
    """
    tiling = Tiling(target.space, before)
    source = with_halo(program, source, tiling.input_halo(source.space))
    tile_filters, tiles = product_tile()
    groups = math.ceil(program.blocks * tiling.count / tiles)
    splits = max(1, min(_PARTS // groups, packing.filters // _PART_FILTERS))
    part_filters = tile_filters * math.ceil(packing.filters / splits / tile_filters)
    chunks = math.ceil(packing.channels * tiles * source.lane_bytes / CHUNK_BYTES)
    chunk_channels = math.ceil(packing.channels / chunks)
    transformed = add_transformed_weights(program, weight, packing, tile_filters, mirrored)
    inputs, input_step = scratch(program, "transformed inputs", packing.channels * tiles)
    products, product_step = scratch(program, "products", part_filters * tiles)
    pixels = source.lane_bytes * np.arange(tiles)
    mask = target
    call = program.call(
        winograd,
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
        tile_table=Table("tiles", lambda: tiling.table(source, target, mask)),
        pixel_table=Table("pixels", lambda: np.stack([pixels, pixels, 0 * pixels], axis=1)),
        tap_table=Table(
            "channels", lambda: np.arange(chunk_channels)[:, None] * [tiles * source.lane_bytes, 4 * tile_filters]
        ),
        samples=program.state("samples"),
        block_tiles=tiling.count,
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
        source_row=lambda: source.strides[1],
        target_block=lambda: target.storage.block_stride,
        target_channel=lambda: target.channel_stride,
        target_row=lambda: target.strides[1],
        mask_block=lambda: mask.storage.block_stride,
        mask_channel=lambda: mask.channel_stride,
        mask_row=lambda: mask.strides[1],
        masked=0,
        lowest=-math.inf,
    )

    def set_mask(activation: Activation) -> bool:
        nonlocal mask
        mask = activation
        call.arguments.update(mask=mask, masked=1)
        return True

    call.set_mask = set_mask
    program.after_blocks([call], groups * math.ceil(packing.filters / part_filters))
    target.producer = call
