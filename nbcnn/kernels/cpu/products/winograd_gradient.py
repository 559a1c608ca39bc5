"""Weight gradients of convolutions of 3 and 5 columns with stride 1 by Winograd's method (`winograd`).

The gradient of a kernel is the sum, over tiles and samples, of the products of a tile of dy with a patch of x: the
values of both are multiplied and summed first, and the sums transformed once. To sum over samples, these take the place
of input channels in the product tile, and filters that of lanes; squares of dy are turned over for that before they are
transformed. Of x, numbers are repeated in all lanes, wherever they lie.
"""

import math
from typing import NamedTuple

import numpy as np

from nbcnn.kernels.cpu.families.copying import with_halo
from nbcnn.kernels.cpu.families.sums import PartialSums
from nbcnn.kernels.cpu.families.windows import Window
from nbcnn.kernels.cpu.language.lanes import register_count
from nbcnn.kernels.cpu.language.row import Body, arguments, read_float, read_index, write_float
from nbcnn.kernels.cpu.language.transposing import transpose_vectors
from nbcnn.kernels.cpu.products.packing import Packing
from nbcnn.kernels.cpu.products.tile import convolution_tile
from nbcnn.kernels.cpu.products.winograd_axis import tile_of, values_of
from nbcnn.kernels.cpu.products.winograd_cost import Cycles, suits_winograd
from nbcnn.kernels.cpu.products.winograd_tile import tile_gradients, tile_inputs, tile_sums
from nbcnn.kernels.cpu.products.winograd_tiling import Tiling, scratch
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation, Space
from nbcnn.kernels.cpu.program.program import Program

_ENTRY = 12  # bytes of one column of tiles in the table

# Samples, each with a tile, that are summed before the next are transformed, by the rows of the kernel, and filters or
# channels of a part, by its columns: what is summed at once stays in the first-level cache, and most of a part in the
# second-level cache.
_ROWS, _SIDES = {1: 96, 3: 32, 5: 32}, {3: 128, 5: 96}
# A phase has so many parts if it can, by summing ranges of blocks apart, by the rows of the kernel: each transforms its
# sums, which takes longest beside few products.
_PARTS = {1: 4, 3: 8, 5: 8}
# What turning over and transforming the values of one channel or filter takes in a tile (`winograd_cost.pays`).
_CYCLES: Cycles = {(3, 3): 500, (5, 5): 600, (1, 3): 35, (1, 5): 40}
# Channels and vectors of filters of one product, on machines with 32 vector registers and with 16.
_MENUS = {32: ((8, 2), (4, 4)), 16: ((6, 2),)}


def winograd_gradient(lanes: int, rows: int, columns: int, channels: int, vectors: int, line: int) -> Body:
    """Of x, the samples of all patches of a channel lie one behind the other, in `line` bytes."""
    vector, kernel_taps = 4 * lanes, rows * columns
    lines, places = tile_of(rows), tile_of(columns)
    values, value_columns = values_of(rows) * values_of(columns), values_of(columns)
    turned_step = (lines * places + 1) * vector

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
        for first in range(begin, end, part_columns):
            count = min(part_columns, end - first)
            tiles = 0
            for column in range(count):
                block = (first + column) // block_columns
                entry = tile_table + _ENTRY * (first + column - block * block_columns)
                tiles += read_index(entry + 8)
            for channel in range(channel_count):
                for column in range(count):
                    block = (first + column) // block_columns
                    entry = tile_table + _ENTRY * (first + column - block * block_columns)
                    start = x + block * x_block + channel * x_channel + read_index(entry)
                    target = inputs + channel * line + column * patches * vector
                    for plane in range(read_index(entry + 8) + taps - 1):
                        tile_inputs(
                            lanes, rows, columns, start + plane * x_plane, x_row, vector,
                            target + plane * vector, input_step,
                        )  # fmt: skip
            for each in range(0, filter_count, lanes):
                for column in range(count):
                    block = (first + column) // block_columns
                    entry = tile_table + _ENTRY * (first + column - block * block_columns)
                    start = dy + block * dy_block + each * dy_channel + read_index(entry + 4)
                    for plane in range(read_index(entry + 8)):
                        for place in range(lines * places):
                            transpose_vectors(
                                lanes, start + place // places * dy_row + place % places * vector, dy_channel,
                                filter_count - each, turned + place * vector, turned_step,
                            )  # fmt: skip
                        start += dy_plane
                        target = gradients + 4 * ((column * column_tiles + plane) * lanes * part_filters + each)
                        for sample in range(lanes):
                            tile_gradients(
                                lanes, rows, columns, turned + sample * turned_step, places * vector, vector,
                                target + 4 * sample * part_filters, gradient_step,
                            )  # fmt: skip
            for value in range(values):
                for plane in range(taps):
                    for each in range(0, filter_count, vectors * lanes):
                        for channel in range(0, channel_count, channels):
                            place = (plane * part_channels + channel) * part_filters + each
                            convolution_tile(
                                lanes, channels, vectors,
                                gradients + value * gradient_step + 4 * each, 0,
                                inputs + value * input_step + channel * line + plane * vector, 0, 1,
                                vector_table, row_table, tiles * lanes, zeros, first - begin,
                                sums + value * sum_step + 4 * place, part_filters * 4,
                                min(channels, channel_count - channel), np.float32(-np.inf), 0, 0, line,
                            )  # fmt: skip
        kernel = 4 * taps * kernel_taps
        result += kernel * ((number * all_filters + first_filter) * all_channels + first_channel) + first_tap
        for each in range(0, filter_count, lanes):
            for channel in range(channel_count):
                for plane in range(taps):
                    start = sums + 4 * ((plane * part_channels + channel) * part_filters + each)
                    tile_sums(lanes, rows, columns, start, value_columns * sum_step, sum_step, turned, vector)
                    target = result + kernel * (each * all_channels + channel)
                    target += 4 * kernel_taps * (taps - 1 - plane if first_tap else plane)
                    for lane in range(min(lanes, filter_count - each)):
                        for tap in range(kernel_taps):
                            write_float(read_float(turned + tap * vector + 4 * lane), target + tap * tap_step)
                        target += kernel * all_channels

    return body


class _Parts(NamedTuple):
    """How a phase is cut: filters and channels of a part, and what is summed apart.

    That is ranges of `blocks` blocks, or each block in `pieces`, of so many columns of tiles.
    """

    tile: tuple[int, int]
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
        planes, rows, columns = tiling.kernel
        side = _SIDES[columns]
        filter_parts, channel_parts = math.ceil(all_filters / side), math.ceil(all_channels * planes / side)
        filters, channels = all_filters / filter_parts, all_channels / channel_parts

        def whole(tile: tuple[int, int]) -> tuple[int, int]:
            return _whole(filters, tile[1] * program.lanes), _whole(channels, tile[0])

        # The tile that leaves fewest products unused.
        tile = min(_MENUS[32 if register_count() >= 32 else 16], key=lambda each: math.prod(whole(each)))
        wanted = math.ceil(_PARTS[rows] / (filter_parts * channel_parts))
        blocks = math.ceil(program.blocks / min(program.blocks, wanted))
        part_columns = blocks * tiling.count
        if blocks == 1:
            part_columns = math.ceil(part_columns / min(part_columns, math.ceil(wanted / program.blocks)))
        pieces = math.ceil(blocks * tiling.count / part_columns)
        ranges = math.ceil(program.blocks / blocks) * pieces
        return cls(tile, *whole(tile), blocks, pieces, part_columns, filter_parts, channel_parts, ranges)


def _whole(count: float, step: int) -> int:
    return step * math.ceil(count / step)


def suits_winograd_gradient(program: Program, window: Window, packing: Packing, inputs: Space, outputs: Space) -> bool:
    """Whether Winograd's method is wanted for the gradient of a weight, can make it, and is faster."""
    if window.kernel[1:] not in _CYCLES:
        return False
    tiling = Tiling(outputs, window.before, window.kernel)
    ranges = _Parts.of(program, packing.channels, packing.filters, tiling).ranges
    return suits_winograd(program, window, packing, inputs, outputs, cycles=_CYCLES, more_tiles=ranges)


def add_winograd_gradient(
    program: Program, window: Window, flip: bool, x: Activation, dy: Activation, shape: tuple[int, ...], name: str
) -> Array:
    """Append a phase that makes the gradient of weights of `shape`: sums over batch and pixels of dy times x."""
    lanes = program.lanes
    taps, rows, columns = window.kernel
    kernel_taps = rows * columns
    tiling = Tiling(dy.space, window.before, window.kernel)
    x = with_halo(program, x, tiling.input_halo(x.space))
    dy = with_halo(program, dy, tiling.output_halo)
    all_filters, all_channels = shape[:2]
    parts = _Parts.of(program, all_filters, all_channels, tiling)
    channels, vectors = parts.tile
    part_columns = min(parts.columns, max(1, _ROWS[rows] // lanes // tiling.planes))
    result = (
        Array(f"{name} gradient", shape)
        if parts.ranges == 1
        else PartialSums(program, name, shape, parts.blocks, parts.pieces)
    )
    turned = program.activation("turned over", 1, (1, 1, (math.prod(tiling.sizes[1:]) + 1) * lanes))
    turned.storage.per_worker = True
    inputs, input_step = scratch(program, "transformed inputs", tiling, part_columns * tiling.patches * parts.channels)
    gradients, gradient_step = scratch(
        program, "transformed gradients", tiling, part_columns * tiling.planes * parts.filters
    )
    sums, sum_step = scratch(program, "sums", tiling, parts.filters * parts.channels * taps // lanes)

    def row_table() -> np.ndarray:
        """Where the transformed gradients, and the inputs of the first plane, of a sample of a tile are."""
        number = np.arange(part_columns * tiling.planes * lanes)
        beyond = number // (tiling.planes * lanes) * (taps - 1) * lanes
        return 4 * np.stack([number * parts.filters, number + beyond], axis=1)

    call = program.call(
        winograd_gradient,
        rows,
        columns,
        channels,
        vectors,
        part_columns * tiling.patches * x.lane_bytes,
        x=x,
        dy=dy,
        result=result,
        turned=turned,
        inputs=inputs,
        gradients=gradients,
        sums=sums,
        zeros=Array("zeros", (channels,)),
        tile_table=program.table(
            "tiles", lambda: (tiling, x.layout, dy.layout), lambda: tiling.table(x, dy, dy)[:, [0, 1, 5]]
        ),
        vector_table=program.table(
            "vectors", lambda: (vectors, x.lane_bytes), lambda: x.lane_bytes * np.outer(np.arange(vectors), [1, 1, 0])
        ),
        row_table=program.table("rows", lambda: (tiling, part_columns, parts.filters, lanes), row_table),
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
        first_tap=4 * (kernel_taps - 1) if flip else 0,
        tap_step=-4 if flip else 4,
    )
    program.some_time_after_blocks([call], parts.ranges * parts.filter_parts * parts.channel_parts)
    return result
