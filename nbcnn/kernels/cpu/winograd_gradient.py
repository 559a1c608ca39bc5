"""Weight gradients of convolutions of 3 x 3 with stride 1 by Winograd's F(3 x 3, 4 x 4).

The gradient of a kernel is the sum, over tiles and samples, of 3 x 3 products of a tile of dy with a patch of x: the
36 values of both are multiplied and summed first, and the sums transformed once. To sum over samples, these take the
place of input channels in the product tile, and x's channels that of lanes; squares are turned over for that before
they are transformed.
"""

import math
from dataclasses import dataclass

import numpy as np

from nbcnn.kernels.cpu.copying import with_halo
from nbcnn.kernels.cpu.lanes import register_count
from nbcnn.kernels.cpu.packing import Packing
from nbcnn.kernels.cpu.program import Activation, Array, Program, Space, Table
from nbcnn.kernels.cpu.row import Body, arguments, read_float, read_index, write_float
from nbcnn.kernels.cpu.sums import PartialSums
from nbcnn.kernels.cpu.tile import convolution_tile
from nbcnn.kernels.cpu.transposing import transpose_vectors
from nbcnn.kernels.cpu.windows import Window
from nbcnn.kernels.cpu.winograd import Tiling, scratch, suits_winograd
from nbcnn.kernels.cpu.winograd_tile import (
    PATCH,
    TILE,
    VALUES,
    transform_gradient,
    transform_input,
    transform_kernel_gradients,
)

TAPS = 9
_ENTRY = 8  # bytes of one tile in the table

# Samples, each with a tile, that are summed before the next are transformed, and filters or channels of a part: what is
# summed at once stays in the first-level cache, and most of a part in the second-level cache.
_ROWS, _SIDE = 32, 128
# A phase has so many parts if it can, by summing ranges of blocks apart.
_PARTS = 8
# What turning over and transforming the values of one channel or filter takes in a tile (`winograd.pays`).
_CYCLES = 500


def winograd_gradient(lanes: int, filters: int, vectors: int) -> Body:
    vector = 4 * lanes
    patch_step = (PATCH * PATCH + 1) * vector

    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            dy,
            result,
            turned,
            inputs,
            gradients,
            sums,
            zeros,
            tile_table,
            vector_table,
            row_table,
            samples,
            block_tiles,
            part_tiles,
            range_blocks,
            filter_parts,
            channel_parts,
            all_filters,
            all_channels,
            part_filters,
            part_channels,
            input_step,
            gradient_step,
            sum_step,
            x_block,
            x_channel,
            x_row,
            dy_block,
            dy_channel,
            dy_row,
            first_tap,
            tap_step,
        ) = arguments("bbbbbbbbbbbwiiiiiiiiiiiiiiiiiiii", arena, row, index, slot)
        blocks = (samples + lanes - 1) // lanes
        number = index // (filter_parts * channel_parts)
        part = index - number * filter_parts * channel_parts
        first_filter = part // channel_parts * part_filters
        first_channel = (part - part // channel_parts * channel_parts) * part_channels
        filter_count = min(part_filters, all_filters - first_filter)
        channel_count = min(part_channels, all_channels - first_channel)
        first_block = number * range_blocks
        tile_count = (min(blocks, first_block + range_blocks) - first_block) * block_tiles
        if tile_count <= 0:
            return
        x += first_block * x_block + first_channel * x_channel
        dy += first_block * dy_block + first_filter * dy_channel
        for first in range(0, tile_count, part_tiles):
            count = min(part_tiles, tile_count - first)
            for channel in range(0, channel_count, lanes):
                for tile in range(count):
                    block = (first + tile) // block_tiles
                    entry = tile_table + _ENTRY * (first + tile - block * block_tiles)
                    start = x + block * x_block + channel * x_channel + read_index(entry)
                    for line in range(PATCH):
                        for column in range(PATCH):
                            transpose_vectors(
                                lanes, start + line * x_row + column * vector, x_channel, channel_count - channel,
                                turned + (line * PATCH + column) * vector, patch_step,
                            )  # fmt: skip
                    for sample in range(lanes):
                        transform_input(
                            lanes, turned + sample * patch_step, PATCH * vector,
                            inputs + ((tile * lanes + sample) * part_channels + channel) * 4, input_step,
                        )  # fmt: skip
            for channel in range(0, filter_count, lanes):
                for tile in range(count):
                    block = (first + tile) // block_tiles
                    entry = tile_table + _ENTRY * (first + tile - block * block_tiles)
                    start = dy + block * dy_block + channel * dy_channel + read_index(entry + 4)
                    for line in range(TILE):
                        for column in range(TILE):
                            transpose_vectors(
                                lanes, start + line * dy_row + column * vector, dy_channel, filter_count - channel,
                                turned + (line * TILE + column) * vector, patch_step,
                            )  # fmt: skip
                    for sample in range(lanes):
                        transform_gradient(
                            lanes, turned + sample * patch_step, TILE * vector,
                            gradients + ((tile * lanes + sample) * part_filters + channel) * 4, gradient_step,
                        )  # fmt: skip
            for value in range(VALUES):
                for channel in range(0, channel_count, vectors * lanes):
                    for each in range(0, filter_count, filters):
                        convolution_tile(
                            lanes, filters, vectors,
                            inputs + value * input_step + 4 * channel, 0,
                            gradients + value * gradient_step + 4 * each, 0, 1,
                            vector_table, row_table, count * lanes, zeros, first,
                            sums + value * sum_step + (each * part_channels + channel) * 4, part_channels * 4,
                            min(filters, filter_count - each), np.float32(-np.inf), 0, 0,
                        )  # fmt: skip
        for each in range(filter_count):
            for channel in range(0, channel_count, lanes):
                transform_kernel_gradients(lanes, sums + (each * part_channels + channel) * 4, sum_step, turned)
                target = number * all_filters + first_filter + each
                target = result + 4 * TAPS * (target * all_channels + first_channel + channel) + first_tap
                for lane in range(min(lanes, channel_count - channel)):
                    for tap in range(TAPS):
                        value = read_float(turned + tap * vector + 4 * lane)
                        write_float(value, target + 4 * TAPS * lane + tap * tap_step)

    return body


@dataclass(frozen=True)
class _Parts:
    """How a phase is cut: filters and channels of a part, and blocks of a range that is summed apart."""

    filters: int
    channels: int
    blocks: int
    counts: tuple[int, int, int]

    @classmethod
    def of(cls, program: Program, all_filters: int, all_channels: int) -> "_Parts":
        filter_parts, channel_parts = math.ceil(all_filters / _SIDE), math.ceil(all_channels / _SIDE)
        blocks = math.ceil(program.blocks / min(program.blocks, math.ceil(_PARTS / (filter_parts * channel_parts))))
        return cls(
            _whole(all_filters / filter_parts, program.lanes),
            _whole(all_channels / channel_parts, _product_tile()[1] * program.lanes),
            blocks,
            (math.ceil(program.blocks / blocks), filter_parts, channel_parts),
        )


def _whole(count: float, step: int) -> int:
    return step * math.ceil(count / step)


def _product_tile() -> tuple[int, int]:
    """Filters and vectors of channels of one product."""
    return (8, 2) if register_count() >= 32 else (6, 2)


def suits_winograd_gradient(program: Program, window: Window, packing: Packing, outputs: Space) -> bool:
    """Whether Winograd's method is wanted for the gradient of a weight, can make it, and is faster."""
    ranges, _, _ = _Parts.of(program, packing.filters, packing.channels).counts
    return suits_winograd(program, window, packing, outputs, cycles=_CYCLES, more_tiles=ranges)


def add_winograd_gradient(
    program: Program, window: Window, flip: bool, x: Activation, dy: Activation, shape: tuple[int, ...], name: str
) -> Array:
    """Append a phase that makes the gradient of weights of `shape`: sums over batch and pixels of dy times x."""
    lanes = program.lanes
    tiling = Tiling(dy.space, window.before)
    x = with_halo(program, x, tiling.input_halo(x.space))
    dy = with_halo(program, dy, tiling.output_halo)
    all_filters, all_channels = shape[:2]
    filters, vectors = _product_tile()
    parts = _Parts.of(program, all_filters, all_channels)
    ranges, filter_parts, channel_parts = parts.counts
    part_tiles = min(_ROWS // lanes, parts.blocks * tiling.count)
    rows = part_tiles * lanes
    result = Array(f"{name} gradient", shape) if ranges == 1 else PartialSums(program, name, shape, parts.blocks)
    turned = program.activation("turned over", 1, (1, 1, (PATCH * PATCH + 1) * lanes))
    turned.storage.per_worker = True
    inputs, input_step = scratch(program, "transformed inputs", rows * parts.channels // lanes)
    gradients, gradient_step = scratch(program, "transformed gradients", rows * parts.filters // lanes)
    sums, sum_step = scratch(program, "sums", parts.filters * parts.channels // lanes)
    steps = x.lane_bytes * np.arange(vectors)
    call = program.call(
        winograd_gradient,
        filters,
        vectors,
        x=x,
        dy=dy,
        result=result,
        turned=turned,
        inputs=inputs,
        gradients=gradients,
        sums=sums,
        zeros=Array("zeros", (filters,)),
        tile_table=Table("tiles", lambda: tiling.table(x, dy, dy)[:, :2]),
        vector_table=Table("vectors", lambda: np.stack([steps, steps, 0 * steps], axis=1)),
        row_table=Table("rows", lambda: np.arange(rows)[:, None] * [4 * parts.channels, 4 * parts.filters]),
        samples=program.state("samples"),
        block_tiles=tiling.count,
        part_tiles=part_tiles,
        range_blocks=parts.blocks,
        filter_parts=filter_parts,
        channel_parts=channel_parts,
        all_filters=all_filters,
        all_channels=all_channels,
        part_filters=parts.filters,
        part_channels=parts.channels,
        input_step=input_step,
        gradient_step=gradient_step,
        sum_step=sum_step,
        x_block=lambda: x.storage.block_stride,
        x_channel=lambda: x.channel_stride,
        x_row=lambda: x.strides[1],
        dy_block=lambda: dy.storage.block_stride,
        dy_channel=lambda: dy.channel_stride,
        dy_row=lambda: dy.strides[1],
        first_tap=4 * (TAPS - 1) if flip else 0,
        tap_step=-4 if flip else 4,
    )
    program.after_blocks([call], ranges * filter_parts * channel_parts)
    return result
