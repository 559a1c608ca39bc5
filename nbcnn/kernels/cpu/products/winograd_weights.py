"""Kernels as Winograd's products want them: `[value][filter group][channel][plane of the kernel][filter]`.

The last group repeats its last filter; what is made of the repetitions is never stored.
"""

import math
from typing import NamedTuple

from nbcnn.kernels.cpu.families.windows import three_axes
from nbcnn.kernels.cpu.language.row import Body, arguments, read_float, write_float
from nbcnn.kernels.cpu.products.packing import Packing
from nbcnn.kernels.cpu.products.winograd_axis import values_of
from nbcnn.kernels.cpu.products.winograd_tile import tile_kernels
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


def transform_weights(lanes: int, rows: int, columns: int) -> Body:
    taps = rows * columns

    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            weight,
            target,
            gathered,
            filters,
            tile_filters,
            channels,
            planes,
            filter_stride,
            channel_stride,
            tap_step,
            first_tap,
            panel,
            value_step,
        ) = arguments("bbbiiiiiiiiii", arena, row, index, slot)
        first = index * tile_filters
        # Gathered before anything is written: so many places at once leave a processor no attention for distant reads.
        place = gathered + first_tap
        for channel in range(channels):
            for plane in range(planes):
                here = weight + channel * channel_stride + 4 * taps * (planes - 1 - plane if first_tap else plane)
                for number in range(tile_filters):
                    source = here + min(first + number, filters - 1) * filter_stride
                    for tap in range(taps):
                        write_float(read_float(source + 4 * tap), place + tap * tap_step)
                    place += 4
        for place in range(0, panel, 4 * lanes):
            tile_kernels(
                lanes, rows, columns, gathered + place, columns * panel, panel,
                target + index * panel + place, value_step,
            )  # fmt: skip

    return body


class TransformedWeights(NamedTuple):
    """Where they are, and the bytes from one group of filters to the next and from one value to the next."""

    storage: Activation
    panel: int
    value_step: int


def add_transformed_weights(
    program: Program, weight: Array, packing: Packing, tile_filters: int, mirrored: bool
) -> TransformedWeights:
    """Append a phase that transforms `weight`, each kernel mirrored on all axes if need be.

    They take two to four times the memory of the weights, and that only until the next phase is done.
    """
    planes, rows, columns = three_axes(weight.shape[2:])
    taps = rows * columns
    groups = packing.filter_groups(tile_filters)
    vector = 4 * program.lanes
    vectors = math.ceil(packing.channels * planes * tile_filters / program.lanes)
    panel = vectors * vector
    # Values begin one vector further apart than they need to: what lies a power of two apart has the same place in a
    # cache, and the transform writes all values in turn.
    value_step = groups * panel + vector
    # One buffer for all blocks, which get it in as many pieces.
    pieces = math.ceil(values_of(rows) * values_of(columns) * value_step / vector / program.blocks)
    target = program.activation(f"{weight.storage.name} transformed", 1, (1, 1, pieces))
    gathered = program.activation("gathered kernels", 1, (1, 1, taps * vectors))
    gathered.storage.per_worker = True
    call = program.call(
        transform_weights,
        rows,
        columns,
        weight=weight,
        target=target,
        gathered=gathered,
        filters=packing.filters,
        tile_filters=tile_filters,
        channels=packing.channels,
        planes=planes,
        filter_stride=4 * packing.filter_stride,
        channel_stride=4 * packing.channel_stride,
        tap_step=-panel if mirrored else panel,
        first_tap=panel * (taps - 1) if mirrored else 0,
        panel=panel,
        value_step=value_step,
    )
    program.after_blocks([call], groups)
    target.producer = call
    return TransformedWeights(target, panel, value_step)
