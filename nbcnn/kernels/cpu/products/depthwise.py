"""Depthwise convolution: every channel by itself, forwards, its data gradient and its weight gradient."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from nbcnn.kernels.cpu.families.copying import with_halo
from nbcnn.kernels.cpu.families.sums import PartialSums
from nbcnn.kernels.cpu.families.windows import Strand, Strands, Window, adjoint_strands, forward_strands, halo_of
from nbcnn.kernels.cpu.language.row import Body, arguments, read_float, read_index
from nbcnn.kernels.cpu.products.strips import (
    Shape,
    StripTables,
    columns_of,
    convolution_strip,
    correlated_pixels,
    correlated_rows,
    correlation_positions,
    correlation_strip,
    strip_pixels,
    strip_tables,
)
from nbcnn.kernels.cpu.program.buffers import Array, Table
from nbcnn.kernels.cpu.program.calls import NO_HALO, Activation
from nbcnn.kernels.cpu.program.program import Program


def convolve_channels(lanes: int, pixels: int, columns: int, step: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            weight,
            bias,
            y,
            mask,
            strips,
            rows,
            strip_count,
            filters,
            x_group,
            weight_filter,
            weight_step,
            bias_step,
            y_channel,
            y_step,
            mask_channel,
            masked,
            lowest,
            first,
            last,
        ) = arguments("bbbbbbbiiiiiiiiiirii", arena, row, index, slot)
        for channel in range(first, last):
            source = x + channel // filters * x_group
            factors = weight + channel * weight_filter
            target = y + channel * y_channel
            shown = mask + channel * mask_channel
            start = read_float(bias + channel * bias_step)
            for number in range(strip_count):
                strip = strips + 20 * number
                convolution_strip(
                    lanes, pixels, columns, step,
                    source + read_index(strip), factors, weight_step,
                    rows + read_index(strip + 12), read_index(strip + 16), start,
                    target + read_index(strip + 4), y_step, lowest,
                    (shown + read_index(strip + 8)) * masked,
                )  # fmt: skip

    return body


def correlate_channels(lanes: int, pixels: int, rows: int, columns: int, step: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            dy,
            result,
            row_table,
            strips,
            singles,
            strip_count,
            single_count,
            row_count,
            channels,
            members,
            x_group,
            x_member,
            dy_group,
            dy_member,
            first_result,
            result_step,
            blocks_per_partition,
            first,
            last,
        ) = arguments("bbbbbbiiiiiiiiiiiiii", arena, row, index, slot)
        partition = index // blocks_per_partition
        add = index - partition * blocks_per_partition
        channel_bytes = 4 * row_count * columns
        result += partition * channels * channel_bytes + first_result
        for channel in range(first, last):
            group = channel // members
            member = channel - group * members
            for start in range(0, row_count, rows):
                correlation_strip(
                    lanes, pixels, rows, columns, step,
                    x + group * x_group + member * x_member, row_table + 4 * start,
                    dy + group * dy_group + member * dy_member,
                    strips, strip_count, singles, single_count,
                    result + channel * channel_bytes + start * columns * result_step,
                    result_step, min(rows, row_count - start), add,
                )  # fmt: skip

    return body


def add_depthwise(
    program: Program, window: Window, flip: bool, weight: Array, bias: Array | None, x: Activation, y: Activation
) -> None:
    """Append to the walk: y = x cross-correlated with a depthwise weight, or convolved where `flip`, plus bias."""
    _add_strips(program, forward_strands(window, y.space, flip), columns_of(window), weight, bias, x, y)


def add_depthwise_adjoint(
    program: Program, window: Window, flip: bool, weight: Array, bias: Array | None, dy: Activation, dx: Activation
) -> None:
    """Append to the walk what `add_depthwise` does turned around: the gradient of its x, plus bias."""
    # With a stride, taps that lie side by side belong to different pixels.
    columns = columns_of(window) if window.stride[2] == 1 else 1
    _add_strips(program, adjoint_strands(window, dx.space, flip), columns, weight, bias, dy, dx)


def _add_strips(
    program: Program,
    strands: Strands,
    columns: int,
    weight: Array,
    bias: Array | None,
    source: Activation,
    target: Activation,
) -> None:
    """Append to the walk: target = sum over taps, and over a target's source channels, of source times weight.

    Of source and target one has a whole number of times as many channels as the other. `columns` taps that follow each
    other in the strands lie side by side in the source. What the call stores can later be clamped from below (its
    argument `lowest`) and masked (`set_mask`).
    """
    # Rows and planes beyond the border are left out of a strip's list, so they need not exist.
    source = with_halo(program, source, (*NO_HALO[:2], halo_of(strands, source.space)[2]))
    groups = min(source.channels, target.channels)
    sources, filters = source.channels // groups, target.channels // groups
    tap_count = math.prod(weight.shape[2:])
    strands = tuple(_ascending(strand) if columns > 1 else strand for strand in strands)
    pixels = strip_pixels(strands)
    source_step, target_step = _steps(strands)
    shape = Shape(pixels, columns, source_step)
    # Where the kernel lies mirrored on its source, weights are read backwards.
    backwards = any(len(strand.numbers) > 1 and strand.numbers[0] > strand.numbers[1] for strand in strands)
    mask = target

    @cache
    def tables() -> StripTables:
        return strip_tables(strands, shape, source, sources, target, mask, tap_count)

    call = program.call(
        convolve_channels,
        shape.pixels,
        shape.columns,
        shape.step,
        x=source,
        weight=weight,
        bias=Array("zero", (1,)) if bias is None else bias,
        y=target,
        mask=target,
        strips=Table("strips", lambda: tables().strips),
        rows=Table("kernel rows", lambda: tables().rows),
        strip_count=lambda: len(tables().strips),
        filters=filters,
        x_group=lambda: sources * source.channel_stride,
        weight_filter=4 * sources * tap_count,
        weight_step=-4 if backwards else 4,
        bias_step=0 if bias is None else 4,
        y_channel=lambda: target.channel_stride,
        y_step=target_step * target.lane_bytes,
        mask_channel=lambda: mask.channel_stride,
        masked=0,
        lowest=-math.inf,
        **program.units(target.channels),
    )
    call.units, call.work = target.channels, math.prod(target.space) * max(sources, filters) * groups * tap_count
    call.channelwise = sources == filters == 1

    def set_mask(activation: Activation) -> bool:
        nonlocal mask
        mask = activation
        call.arguments.update(mask=mask, masked=1)
        return True

    call.set_mask = set_mask
    program.each_block(call, produces=target)


def _ascending(strand: Strand) -> Strand:
    """The same strand with its taps in the order in which they lie in the source."""
    if len(strand.taps) == 0 or strand.taps[-1, 2] >= strand.taps[0, 2]:
        return strand
    return Strand(strand.pixels, strand.starts, strand.taps[::-1], strand.numbers[::-1])


def _steps(strands: Sequence[Strand]) -> tuple[int, int]:
    """How many columns the inputs and the outputs of neighbouring pixels of a row lie apart."""
    for strand in strands:
        pixels = strand.pixels[:, 2]
        if len(pixels) > 1 and pixels[1] > pixels[0]:
            return int(strand.starts[1, 2] - strand.starts[0, 2]), int(pixels[1] - pixels[0])
    return 1, 1


def add_depthwise_correlation(
    program: Program, window: Window, flip: bool, x: Activation, dy: Activation, weight: Array
) -> PartialSums:
    """Append to the walk the gradient of a depthwise weight: sums over pixels and lanes of dy times x.

    Of x and dy one has a whole number of times as many channels as the other.
    """
    x = with_halo(program, x, halo_of(forward_strands(window, dy.space, flip), x.space))
    groups = min(x.channels, dy.channels)
    columns = columns_of(window)
    rows, pixels = correlated_rows(window), correlated_pixels(dy.space[2])
    taps = window.taps[::columns]

    def row_offsets() -> np.ndarray:
        offsets = taps @ np.array(x.strides, dtype=np.int64)
        # The last tile may have more kernel rows than are left; these repeat the last one and are not stored.
        return np.concatenate([offsets, np.full(rows, offsets[-1])])

    @cache
    def positions() -> tuple[np.ndarray, np.ndarray]:
        return correlation_positions(window, x, dy, pixels)

    result = PartialSums(program, weight.storage.name, weight.shape)
    channels = max(x.channels, dy.channels)
    call = program.call(
        correlate_channels,
        pixels,
        rows,
        columns,
        window.stride[2],
        x=x,
        dy=dy,
        result=result,
        row_table=Table("kernel rows", row_offsets),
        strips=Table("strips", lambda: positions()[0]),
        singles=Table("single pixels", lambda: positions()[1]),
        strip_count=lambda: len(positions()[0]),
        single_count=lambda: len(positions()[1]),
        row_count=len(taps),
        channels=channels,
        members=channels // groups,
        x_group=lambda: x.channels // groups * x.channel_stride,
        x_member=lambda: x.channel_stride if x.channels > groups else 0,
        dy_group=lambda: dy.channels // groups * dy.channel_stride,
        dy_member=lambda: dy.channel_stride if dy.channels > groups else 0,
        first_result=4 * (len(window.taps) - 1) if flip else 0,
        result_step=-4 if flip else 4,
        blocks_per_partition=program.blocks_per_partition,
        **program.units(channels),
    )
    call.units, call.work = channels, math.prod(dy.space) * channels * len(window.taps)
    call.channelwise = x.channels == dy.channels
    program.each_block(call)
    return result
