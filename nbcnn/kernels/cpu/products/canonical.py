"""Products of linear layers with many weights, for the whole batch, with the weights read where they lie.

Each weight meets every block of the batch while it is in a register, so packing would take as long as what it serves.
Forwards, a tile reads several rows of the canonical array side by side; for the data gradient, a piece of every row.
"""

import math
from functools import cache

import numpy as np

from nbcnn.kernels.cpu.families.windows import TileTables, Window, forward_strands, tile_tables
from nbcnn.kernels.cpu.language.row import Body, arguments
from nbcnn.kernels.cpu.products.packing import Packing, packed_bias
from nbcnn.kernels.cpu.products.products import CHUNK_BYTES, MANY_WEIGHTS, choose_tile, fold_of
from nbcnn.kernels.cpu.products.tile import convolution_tile
from nbcnn.kernels.cpu.program.buffers import Array, Table
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


def multiply(lanes: int, filters: int, pixels: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            weight,
            bias,
            y,
            mask,
            pixel_table,
            tap_table,
            samples,
            fold,
            steps,
            steps_per_chunk,
            x_step,
            weight_step,
            filter_step,
            all_filters,
            y_step,
            mask_step,
            masked,
            lowest,
            first_group,
            last_group,
        ) = arguments("bbbbbbbwiiiiiiiiiirii", arena, row, index, slot)
        # A batch with fewer samples than planned has fewer blocks.
        tiles = (samples + pixels * lanes - 1) // (pixels * lanes)
        for first in range(0, steps, steps_per_chunk):
            count = min(steps_per_chunk, steps - first)
            last = first + count == steps
            clamp = lowest if last else np.float32(-np.inf)
            for tile in range(tiles):
                for number in range(first_group * filters, last_group * filters, filters):
                    convolution_tile(
                        lanes, filters, pixels,
                        x + first * x_step, x_step,
                        weight + number * filter_step + first * weight_step, weight_step, count,
                        pixel_table + 12 * pixels * tile, tap_table, fold,
                        bias + 4 * number, first,
                        y + number * y_step, y_step, min(filters, all_filters - number),
                        clamp, (mask + number * mask_step) * masked if last else 0, mask_step, filter_step, None, 1,
                    )  # fmt: skip

    return body


def suits_canonical(program: Program, weight: Array) -> bool:
    """Whether a linear layer has so many weights, and the batch several blocks that share reading them."""
    return math.prod(weight.shape) >= MANY_WEIGHTS and program.blocks > 1


def add_canonical_products(
    program: Program, weight: Array, bias: Array | None, packing: Packing, source: Activation, target: Activation
) -> None:
    """Append a phase: target = source times `weight` as `packing` reads it, plus bias.

    What it stores can later be clamped from below (its argument `lowest`) and masked (`set_mask`).
    """
    one = (1, 1, 1)
    strands = forward_strands(Window(one, one, (0, 0, 0), one), one, flip=False)
    filters, pixels = choose_tile("canonical", packing.filters, program.blocks)
    groups = packing.filter_groups(filters)
    fold = fold_of(packing.channels, 1)
    steps = packing.channels // fold
    # With one tile of blocks, long rows are read without a break; with several, all meet a chunk of weights. So do
    # columns side by side, which share their lines.
    in_chunks = program.blocks > pixels or packing.channel_stride > 1
    chunk = max(1, CHUNK_BYTES // (fold * pixels * source.lane_bytes)) if in_chunks else steps
    mask = target

    @cache
    def tables() -> TileTables:
        return tile_tables(
            strands, source, target, mask, pixels, 4 * packing.channel_stride, 1, fold, program.blocks
        )  # fmt: skip

    call = program.call(
        multiply,
        filters,
        pixels,
        x=source,
        weight=weight,
        bias=packed_bias(program, bias, packing, filters),
        y=target,
        mask=target,
        pixel_table=Table("blocks", lambda: tables().pixels),
        tap_table=Table("channels", lambda: tables().taps),
        samples=program.state("samples"),
        fold=fold,
        steps=steps,
        steps_per_chunk=min(steps, chunk),
        x_step=fold * source.lane_bytes,
        weight_step=4 * fold * packing.channel_stride,
        filter_step=4 * packing.filter_stride,
        all_filters=packing.filters,
        y_step=target.lane_bytes,
        mask_step=lambda: mask.channel_stride,
        masked=0,
        lowest=-math.inf,
        **program.units(groups),
    )
    call.units = groups
    call.work = packing.channels * packing.filters * program.blocks

    def set_mask(activation: Activation) -> bool:
        nonlocal mask
        mask = activation
        call.arguments.update(mask=mask, masked=1)
        return True

    call.set_mask = set_mask
    program.whole_batch(call, produces=target)
