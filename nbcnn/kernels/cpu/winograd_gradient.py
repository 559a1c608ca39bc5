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
_ENTRY = 12  # bytes of one column of tiles in the table

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
            block_columns,
            part_columns,
            column_tiles,
            taps,
            range_blocks,
            pieces,
            piece_columns,
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
            x_plane,
            x_row,
            dy_block,
            dy_channel,
            dy_plane,
            dy_row,
            first_tap,
            tap_step,
        ) = arguments("bbbbbbbbbbbwiiiiiiiiiiiiiiiiiiiiiiiiii", arena, row, index, slot)
        number = index // (filter_parts * channel_parts)
        part = index - number * filter_parts * channel_parts
        first_filter = part // channel_parts * part_filters
        first_channel = (part - part // channel_parts * channel_parts) * part_channels
        filter_count = min(part_filters, all_filters - first_filter)
        channel_count = min(part_channels, all_channels - first_channel)
        first_block = number // pieces * range_blocks
        blocks = min(range_blocks, (samples + lanes - 1) // lanes - first_block)
        if blocks <= 0:
            return
        piece = number - number // pieces * pieces
        begin = piece * piece_columns
        end = min(blocks * block_columns, begin + piece_columns)
        patches = column_tiles + taps - 1
        x += first_block * x_block + first_channel * x_channel
        dy += first_block * dy_block + first_filter * dy_channel
        channel_vectors = (channel_count + lanes - 1) // lanes
        for first in range(begin, end, part_columns):
            count = min(part_columns, end - first)
            tiles = 0
            for column in range(count):
                block = (first + column) // block_columns
                entry = tile_table + _ENTRY * (first + column - block * block_columns)
                planes = read_index(entry + 8)
                tiles += planes
                for channel in range(0, channel_count, lanes):
                    start = x + block * x_block + channel * x_channel + read_index(entry)
                    for plane in range(planes + taps - 1):
                        for line in range(PATCH):
                            for place in range(PATCH):
                                transpose_vectors(
                                    lanes, start + line * x_row + place * vector, x_channel, channel_count - channel,
                                    turned + (line * PATCH + place) * vector, patch_step,
                                )  # fmt: skip
                        start += x_plane
                        target = inputs + 4 * ((column * patches + plane) * lanes * part_channels + channel)
                        for sample in range(lanes):
                            transform_input(
                                lanes, turned + sample * patch_step, PATCH * vector,
                                target + 4 * sample * part_channels, input_step,
                            )  # fmt: skip
                for channel in range(0, filter_count, lanes):
                    start = dy + block * dy_block + channel * dy_channel + read_index(entry + 4)
                    for plane in range(planes):
                        for line in range(TILE):
                            for place in range(TILE):
                                transpose_vectors(
                                    lanes, start + line * dy_row + place * vector, dy_channel, filter_count - channel,
                                    turned + (line * TILE + place) * vector, patch_step,
                                )  # fmt: skip
                        start += dy_plane
                        target = gradients + 4 * ((column * column_tiles + plane) * lanes * part_filters + channel)
                        for sample in range(lanes):
                            transform_gradient(
                                lanes, turned + sample * patch_step, TILE * vector,
                                target + 4 * sample * part_filters, gradient_step,
                            )  # fmt: skip
            for value in range(VALUES):
                for place in range(0, taps * channel_vectors, vectors):
                    for each in range(0, filter_count, filters):
                        convolution_tile(
                            lanes, filters, vectors,
                            inputs + value * input_step, 0,
                            gradients + value * gradient_step + 4 * each, 0, 1,
                            vector_table + 12 * place, row_table, tiles * lanes, zeros, first - begin,
                            sums + value * sum_step + each * taps * part_channels * 4, taps * part_channels * 4,
                            min(filters, filter_count - each), np.float32(-np.inf), 0, 0,
                        )  # fmt: skip
        for each in range(filter_count):
            for channel in range(0, channel_count, lanes):
                target = number * all_filters + first_filter + each
                target = result + 4 * TAPS * taps * (target * all_channels + first_channel + channel) + first_tap
                for plane in range(taps):
                    source = sums + ((each * part_channels + channel) * taps + plane * lanes) * 4
                    transform_kernel_gradients(lanes, source, sum_step, turned)
                    for lane in range(min(lanes, channel_count - channel)):
                        place = target + 4 * TAPS * (lane * taps + (taps - 1 - plane if first_tap else plane))
                        for tap in range(TAPS):
                            write_float(read_float(turned + tap * vector + 4 * lane), place + tap * tap_step)

    return body


@dataclass(frozen=True)
class _Parts:
    """How a phase is cut: filters and channels of a part, and what is summed apart.

    That is ranges of `blocks` blocks, or each block in `pieces`, of so many columns of tiles.
    """

    filters: int
    channels: int
    blocks: int
    pieces: int
    columns: int
    filter_parts: int
    channel_parts: int
    ranges: int

    @classmethod
    def of(cls, program: Program, all_filters: int, all_channels: int, tiling: Tiling) -> "_Parts":
        filter_parts, channel_parts = math.ceil(all_filters / _SIDE), math.ceil(all_channels * tiling.taps / _SIDE)
        wanted = math.ceil(_PARTS / (filter_parts * channel_parts))
        blocks = math.ceil(program.blocks / min(program.blocks, wanted))
        columns = blocks * tiling.count
        if blocks == 1:
            columns = math.ceil(columns / min(columns, math.ceil(wanted / program.blocks)))
        pieces = math.ceil(blocks * tiling.count / columns)
        return cls(
            _whole(all_filters / filter_parts, program.lanes),
            _whole(all_channels / channel_parts, program.lanes),
            blocks,
            pieces,
            columns,
            filter_parts,
            channel_parts,
            math.ceil(program.blocks / blocks) * pieces,
        )


def _whole(count: float, step: int) -> int:
    return step * math.ceil(count / step)


def _product_tile(taps: int) -> tuple[int, int]:
    """Filters and vectors of one product: vectors of channels for each tap along the depth."""
    vectors = 2 if taps % 3 else 3
    return (8, vectors) if register_count() >= 32 else (12 // vectors, vectors)


def suits_winograd_gradient(program: Program, window: Window, packing: Packing, outputs: Space) -> bool:
    """Whether Winograd's method is wanted for the gradient of a weight, can make it, and is faster."""
    tiling = Tiling(outputs, window.before, window.kernel[0])
    ranges = _Parts.of(program, packing.filters, packing.channels, tiling).ranges
    return suits_winograd(program, window, packing, outputs, cycles=_CYCLES, more_tiles=ranges)


def add_winograd_gradient(
    program: Program, window: Window, flip: bool, x: Activation, dy: Activation, shape: tuple[int, ...], name: str
) -> Array:
    """Append a phase that makes the gradient of weights of `shape`: sums over batch and pixels of dy times x."""
    lanes = program.lanes
    taps = window.kernel[0]
    tiling = Tiling(dy.space, window.before, taps)
    x = with_halo(program, x, tiling.input_halo(x.space))
    dy = with_halo(program, dy, tiling.output_halo)
    all_filters, all_channels = shape[:2]
    filters, vectors = _product_tile(taps)
    parts = _Parts.of(program, all_filters, all_channels, tiling)
    part_columns = min(parts.columns, max(1, _ROWS // lanes // tiling.planes))
    result = (
        Array(f"{name} gradient", shape)
        if parts.ranges == 1
        else PartialSums(program, name, shape, parts.blocks, parts.pieces)
    )
    turned = program.activation("turned over", 1, (1, 1, (PATCH * PATCH + 1) * lanes))
    turned.storage.per_worker = True
    inputs, input_step = scratch(program, "transformed inputs", part_columns * tiling.patches * parts.channels)
    gradients, gradient_step = scratch(program, "transformed gradients", part_columns * tiling.planes * parts.filters)
    sums, sum_step = scratch(program, "sums", parts.filters * parts.channels * taps // lanes)

    def vector_table() -> np.ndarray:
        """Where a vector of channels, for each tap along the depth, and its sums are; the last is repeated."""
        place = np.arange(parts.channels * taps // lanes)
        channel, tap = np.divmod(place, taps)
        table = x.lane_bytes * np.stack([channel + tap * parts.channels, place, 0 * place], axis=1)
        return np.concatenate([table, np.repeat(table[-1:], -len(table) % vectors, axis=0)])

    def row_table() -> np.ndarray:
        """Where the transformed inputs of the first tap, and the gradients, of a sample of a tile are."""
        number = np.arange(part_columns * tiling.planes * lanes)
        beyond = number // (tiling.planes * lanes) * (taps - 1) * lanes
        return 4 * np.stack([(number + beyond) * parts.channels, number * parts.filters], axis=1)

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
        tile_table=Table("tiles", lambda: tiling.table(x, dy, dy)[:, [0, 1, 5]]),
        vector_table=Table("vectors", vector_table),
        row_table=Table("rows", row_table),
        samples=program.state("samples"),
        block_columns=tiling.count,
        part_columns=part_columns,
        column_tiles=tiling.planes,
        taps=taps,
        range_blocks=parts.blocks,
        pieces=parts.pieces,
        piece_columns=parts.columns,
        filter_parts=parts.filter_parts,
        channel_parts=parts.channel_parts,
        all_filters=all_filters,
        all_channels=all_channels,
        part_filters=parts.filters,
        part_channels=parts.channels,
        input_step=input_step,
        gradient_step=gradient_step,
        sum_step=sum_step,
        x_block=lambda: x.storage.block_stride,
        x_channel=lambda: x.channel_stride,
        x_plane=lambda: x.strides[0],
        x_row=lambda: x.strides[1],
        dy_block=lambda: dy.storage.block_stride,
        dy_channel=lambda: dy.channel_stride,
        dy_plane=lambda: dy.strides[0],
        dy_row=lambda: dy.strides[1],
        first_tap=4 * (TAPS - 1) if flip else 0,
        tap_step=-4 if flip else 4,
    )
    program.after_blocks([call], parts.ranges * parts.filter_parts * parts.channel_parts)
    return result
