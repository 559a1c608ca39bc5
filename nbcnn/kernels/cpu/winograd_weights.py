"""Kernels of 3 x 3 as Winograd's products want them: `[value][filter group][channel][tap along the depth][filter]`.

The last group repeats its last filter; what is made of the repetitions is never stored.
"""

import math
from dataclasses import dataclass

from nbcnn.kernels.cpu.packing import Packing
from nbcnn.kernels.cpu.program import Activation, Array, Program
from nbcnn.kernels.cpu.row import Body, arguments, read_float, write_float
from nbcnn.kernels.cpu.winograd_tile import VALUES, transform_kernels

TAPS = 9


def transform_weights(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            weight,
            target,
            gathered,
            filters,
            tile_filters,
            channels,
            taps,
            filter_stride,
            channel_stride,
            tap_step,
            first_tap,
            panel,
            value_step,
        ) = arguments("bbbiiiiiiiiii", arena, row, index, slot)
        first = index * tile_filters
        # Gathered before anything is written: so many places at once leave a processor no attention for distant reads.
        place = gathered
        for channel in range(channels):
            for plane in range(taps):
                here = weight + channel * channel_stride + 4 * TAPS * (taps - 1 - plane if first_tap else plane)
                for number in range(tile_filters):
                    source = here + min(first + number, filters - 1) * filter_stride
                    for tap in range(TAPS):
                        write_float(read_float(source + 4 * tap), place + 4 * tap)
                    place += 4 * TAPS
        for place in range(0, panel, 4 * lanes):
            transform_kernels(
                lanes, gathered + TAPS * place + first_tap, tap_step, target + index * panel + place, value_step
            )

    return body


@dataclass(frozen=True)
class TransformedWeights:
    """Where they are, and the bytes from one group of filters to the next and from one value to the next."""

    storage: Activation
    panel: int
    value_step: int


def add_transformed_weights(
    program: Program, weight: Array, packing: Packing, tile_filters: int, taps: int, mirrored: bool
) -> TransformedWeights:
    """Append a phase that transforms `weight`, each kernel of (`taps`, 3, 3) mirrored on all axes if need be.

    They take four times the memory of the weights, and that only until the next phase is done.
    """
    groups = packing.filter_groups(tile_filters)
    vector = 4 * program.lanes
    vectors = math.ceil(packing.channels * taps * tile_filters / program.lanes)
    panel = vectors * vector
    # Values begin one vector further apart than they need to: what lies a power of two apart has the same place in a
    # cache, and the transform writes all values in turn.
    value_step = groups * panel + vector
    # One buffer for all blocks, which get it in as many pieces.
    pieces = math.ceil(VALUES * value_step / vector / program.blocks)
    target = program.activation(f"{weight.storage.name} transformed", 1, (1, 1, pieces))
    gathered = program.activation("gathered kernels", 1, (1, 1, TAPS * vectors))
    gathered.storage.per_worker = True
    call = program.call(
        transform_weights,
        weight=weight,
        target=target,
        gathered=gathered,
        filters=packing.filters,
        tile_filters=tile_filters,
        channels=packing.channels,
        taps=taps,
        filter_stride=4 * packing.filter_stride,
        channel_stride=4 * packing.channel_stride,
        tap_step=-4 if mirrored else 4,
        first_tap=4 * (TAPS - 1) if mirrored else 0,
        panel=panel,
        value_step=value_step,
    )
    program.after_blocks([call], groups)
    target.producer = call
    return TransformedWeights(target, panel, value_step)
