"""Weights as the tile wants them: `[group][filter group][channel][tap][filter]`, the last group filled with zeros."""

import math
from typing import NamedTuple

import numpy as np

from nbcnn.kernels.cpu.language.row import Body, arguments, read_float, write_float
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.program import Program


class Packing(NamedTuple):
    """Which canonical number goes where: strides in numbers, and how many of each there are.

    `filters` are the outputs of the pass: output channels forwards, input channels for the data gradient.
    """

    groups: int
    filters: int
    channels: int
    taps: int
    group_stride: int
    filter_stride: int
    channel_stride: int

    def filter_groups(self, tile_filters: int) -> int:
        return math.ceil(self.filters / tile_filters)


def pack(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            weight,
            packed,
            filters,
            channels,
            taps,
            group_stride,
            filter_stride,
            channel_stride,
            filter_groups,
            per_part,
            total,
            tile_filters,
        ) = arguments("bbiiiiiiiiii", arena, row, index, slot)
        panel = channels * taps * tile_filters * 4
        for number in range(index * per_part, min(total, (index + 1) * per_part)):
            group = number // filter_groups
            first = (number - group * filter_groups) * tile_filters
            target = packed + number * panel
            source = weight + 4 * (group * group_stride + first * filter_stride)
            valid = min(tile_filters, filters - first)
            for channel in range(channels):
                for tap in range(taps):
                    start = source + 4 * (channel * channel_stride + tap)
                    for f in range(valid):
                        write_float(read_float(start + 4 * f * filter_stride), target + 4 * f)
                    for f in range(valid, tile_filters):
                        write_float(np.float32(0.0), target + 4 * f)
                    target += 4 * tile_filters

    return body


def packed_weights(program: Program, weight: Array, packing: Packing, tile_filters: int) -> Array:
    """Pack `weight` before the walk of every run, so that changes to the canonical array always count."""
    panels = packing.groups * packing.filter_groups(tile_filters)
    packed = Array(f"{weight.storage.name} packed", (panels, packing.channels * packing.taps, tile_filters))
    parts = min(16, panels)
    call = program.call(
        pack,
        weight=weight,
        packed=packed,
        filters=packing.filters,
        channels=packing.channels,
        taps=packing.taps,
        group_stride=packing.group_stride,
        filter_stride=packing.filter_stride,
        channel_stride=packing.channel_stride,
        filter_groups=packing.filter_groups(tile_filters),
        per_part=math.ceil(panels / parts),
        total=panels,
        tile_filters=tile_filters,
    )
    program.prepare.add([call], parts)
    return packed


def packed_bias(program: Program, bias: Array | None, packing: Packing, tile_filters: int) -> Array:
    """The bias of every filter, zeros where there is none."""
    panels = packing.groups * packing.filter_groups(tile_filters)
    packed = Array("bias packed", (panels, tile_filters))
    if bias is not None:
        call = program.call(
            pack,
            weight=bias,
            packed=packed,
            filters=packing.filters,
            channels=1,
            taps=1,
            group_stride=packing.filters,
            filter_stride=1,
            channel_stride=1,
            filter_groups=packing.filter_groups(tile_filters),
            per_part=panels,
            total=panels,
            tile_filters=tile_filters,
        )
        program.prepare.add([call])
    return packed
