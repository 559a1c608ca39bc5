"""Convolutions of 3 x 3, and of several such planes, by Winograd's F(4 x 4, 3 x 3) with channels as lanes.

A call transforms the inputs of some tiles of 4 x 4 outputs, multiplies them value by value with weights that were
transformed when the program was made, and transforms the products to outputs. Threads share a call by its tiles, or,
where weights are more than what the tiles hold, by its output channels; then each transforms all inputs for itself.
"""

import math
from dataclasses import dataclass

import numpy as np

from nbcnn.kernels.cpu.by_channel.layout import Blocked, constant
from nbcnn.kernels.cpu.by_channel.products import Product, choose_tile, padded
from nbcnn.kernels.cpu.by_channel.tile import channel_tile
from nbcnn.kernels.cpu.families.windows import Window, every
from nbcnn.kernels.cpu.language.row import Body, arguments, read_index
from nbcnn.kernels.cpu.products.winograd_axis import TILE, matrices, values_of
from nbcnn.kernels.cpu.products.winograd_tile import tile_inputs, tile_products_by_channel
from nbcnn.kernels.cpu.program.buffers import Array, Table
from nbcnn.kernels.cpu.program.calls import CACHE_LINE, Activation, Space
from nbcnn.kernels.cpu.program.program import Program

PATCH = values_of(3)
VALUES = PATCH * PATCH

# Bytes of one tile in the table of outputs.
_ENTRY = 16
# What the values of the tiles that are worked on at once may take, so that they stay near the core.
_SCRATCH_BYTES = 768 << 10


def winograd(lanes: int, vectors: int, tiles: int, lines_ahead: int) -> Body:
    vector = 4 * lanes

    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            weight,
            zeros,
            bias,
            y,
            added,
            inputs,
            products,
            source_table,
            target_table,
            pixel_table,
            tap_table,
            taps,
            more_tiles,
            all_tiles,
            chunk_tiles,
            by_tiles,
            blocks,
            group,
            last_group,
            x_block,
            x_row,
            input_line,
            input_step,
            output_blocks,
            weight_block,
            value_bytes,
            product_line,
            product_step,
            y_block,
            y_row,
            added_block,
            added_row,
            adds,
            next_weight,
            next_panels,
            next_panel,
            units,
            first_unit,
            last_unit,
            lowest,
        ) = arguments("bbbbbbbbbbbbiiiiiiiiiiiiiiiiiiiiiibiiiiir", arena, row, index, slot)
        first_tile, last_tile = 0, all_tiles
        first_panel, last_panel = first_unit, last_unit
        if by_tiles:
            first_tile, last_tile = first_unit * tiles, min(all_tiles, last_unit * tiles)
            first_panel, last_panel = 0, (output_blocks + vectors - 1) // vectors
        panel = blocks * weight_block
        first_block, last_block = first_panel * vectors, min(output_blocks, last_panel * vectors)
        for begin in range(first_tile, last_tile, chunk_tiles):
            count = min(chunk_tiles, last_tile - begin)
            for block in range(blocks):
                for tile in range(count + more_tiles):
                    tile_inputs(
                        lanes, 3, 3, x + block * x_block + read_index(source_table + 4 * (begin + tile)), x_row, vector,
                        inputs + block * input_line + tile * vector, input_step,
                    )  # fmt: skip
            share = panel // ((count + tiles - 1) // tiles)
            ahead_step = vector * vectors // ((count + tiles - 1) // tiles)
            for value in range(VALUES):
                for number in range(first_panel, last_panel):
                    here = weight + value * value_bytes + number * panel
                    # The next weights, which the tiles have brought near while they use these.
                    ahead = here + panel
                    if number + 1 == last_panel:
                        ahead = weight + (value + 1) * value_bytes + first_panel * panel
                        if value + 1 == VALUES:
                            ahead = next_weight + first_unit * next_panels // units * next_panel
                    for tile in range(0, count, tiles):
                        channel_tile(
                            lanes, vectors, tiles, lines_ahead,
                            inputs + value * input_step + tile * vector, input_line, 4,
                            here, weight_block, ahead, ahead_step, blocks, group, last_group,
                            pixel_table, tap_table, taps, zeros, 0,
                            products + value * product_step
                            + (number * vectors - first_block) * product_line + tile * vector,
                            product_line, 0, 0, min(vectors, last_block - number * vectors), np.float32(-np.inf),
                        )  # fmt: skip
                        ahead += share
            for block in range(first_block, last_block):
                for tile in range(count):
                    entry = target_table + _ENTRY * (begin + tile)
                    tile_products_by_channel(
                        lanes,
                        products + (block - first_block) * product_line + tile * vector, product_step,
                        bias + vector * block, lowest,
                        (added + block * added_block + read_index(entry + 4)) * adds, added_row,
                        y + block * y_block + read_index(entry), y_row,
                        read_index(entry + 8), read_index(entry + 12),
                    )  # fmt: skip

    return body


@dataclass(frozen=True)
class Tiling:
    """Tiles of 4 x 4 outputs, plane by plane, for a window of `planes` x 3 x 3 that starts `before` the outputs."""

    outputs: Space
    planes: int
    before: Space

    @property
    def grid(self) -> Space:
        return self.outputs[0], math.ceil(self.outputs[1] / TILE), math.ceil(self.outputs[2] / TILE)

    @property
    def in_plane(self) -> int:
        return self.grid[1] * self.grid[2]

    @property
    def count(self) -> int:
        return math.prod(self.grid)

    @property
    def more(self) -> int:
        """How many tiles' inputs are read behind those of a tile's first plane."""
        return (self.planes - 1) * self.in_plane

    def widen(self, x: Activation) -> None:
        """Give x the zeros that tiles read around it."""
        counts = (self.outputs[0] + self.planes - 1, *(TILE * number + PATCH - TILE for number in self.grid[1:]))
        depth, rows, columns = (
            (max(0, before), max(0, count - before - size))
            for before, count, size in zip(self.before, counts, x.space, strict=True)
        )
        x.widen((depth, rows, columns))

    def sources(self, x: Activation) -> np.ndarray:
        """The byte offset of each tile's inputs, of all planes that are read."""
        scale = np.array([1, TILE, TILE])
        return x.offsets(every((self.grid[0] + self.planes - 1, *self.grid[1:])) * scale - np.array(self.before))

    def targets(self, y: Activation, added: Activation) -> np.ndarray:
        """For each tile the byte offsets of its outputs and of what is added, and its rows and columns of outputs."""
        corners = every(self.grid) * np.array([1, TILE, TILE])
        sizes = np.minimum(TILE, np.array(self.outputs) - corners)[:, 1:]
        return np.concatenate([np.stack([y.offsets(corners), added.offsets(corners)], axis=1), sizes], axis=1)


def suits_winograd(program: Program, window: Window, x: Blocked, weight: np.ndarray, outputs: Space) -> bool:
    """Whether Winograd's method is wanted, can serve a convolution with `weight` (O, I, *kernel), and is faster."""
    return (
        program.winograd
        and x.plane is None
        and (window.kernel[1:], window.stride, window.dilation) == ((3, 3), (1, 1, 1), (1, 1, 1))
        and all(before < kernel for before, kernel in zip(window.before, window.kernel, strict=True))
        and pays(x.channels, math.ceil(len(weight) / program.lanes), window.kernel[0], outputs, program.lanes)
    )


# Cycles to transform one vector of a tile's inputs or products, and bytes that a core reads from afar in a cycle.
_CYCLES, _FAR_BYTES_A_CYCLE = 250, 16


def pays(channels: int, output_blocks: int, planes: int, outputs: Space, lanes: int) -> bool:
    """Whether Winograd's method is faster by a quarter; by less it is not worth its rounding errors.

    In cycles: products at two a cycle, nine tenths as fast here, the transforms, and all weights read once.
    """
    tiles = Tiling(outputs, planes, (0, 0, 0)).count
    pairs = channels * output_blocks * planes
    read = 4 * lanes * pairs / _FAR_BYTES_A_CYCLE
    direct = 9 * (math.prod(outputs) / 2 * pairs + read)
    transforms = _CYCLES * tiles * (math.ceil(channels / lanes) + output_blocks)
    return 1.25 * (VALUES * (tiles / 1.8 * pairs + read) + transforms) < direct


def add_winograd(
    program: Program, window: Window, x: Blocked, weight: np.ndarray, bias: np.ndarray | None, y: Blocked
) -> None:
    """Append to the walk: y = kernels of (planes x) 3 x 3 over x, plus bias."""
    lanes = program.lanes
    source, target = x.activation, y.activation
    tiling = Tiling(target.space, window.kernel[0], window.before)
    tiling.widen(source)
    blocks, output_blocks = source.channels, target.channels
    values = VALUES * 4 * lanes * tiling.count * (blocks + output_blocks)
    by_tiles = output_blocks == 1 or 4 * lanes * VALUES * x.channels * output_blocks * tiling.planes < values
    # Two threads at least had better find something to do.
    here = (output_blocks, math.ceil(tiling.count / 2)) if by_tiles else (math.ceil(output_blocks / 2), tiling.count)
    vectors, tiles = choose_tile(*here)
    group = min(lanes, x.channels)
    packed = _packed(weight, vectors * lanes, blocks, group, tiling.planes)
    chunk_tiles = (
        max(1, min(math.ceil(tiling.count / tiles), _SCRATCH_BYTES // (values // tiling.count * tiles))) * tiles
    )
    inputs, products = (
        _scratch(program, name, number, count)
        for name, number, count in (
            ("transformed inputs", blocks, chunk_tiles + tiling.more),
            ("products", output_blocks, chunk_tiles),
        )
    )
    pixels = 4 * lanes * np.arange(tiles)
    call = program.call(
        winograd,
        vectors,
        tiles,
        0,
        x=source,
        weight=constant("weights by value", packed),
        zeros=Array("zeros", (vectors * lanes,)),
        bias=constant("bias by channel", padded(bias, output_blocks * lanes)),
        y=target,
        added=target,
        inputs=inputs,
        products=products,
    )
    product = Product(
        call.kernel,
        call.arguments,
        call.section,
        units=math.ceil(tiling.count / tiles) if by_tiles else packed.shape[1],
        weight_bytes=packed.nbytes,
        panel_bytes=packed[0, 0].nbytes,
        shared_panels=0 if by_tiles else packed.shape[1],
        lines=math.ceil(4 * vectors * lanes / CACHE_LINE),
        readers=math.ceil(chunk_tiles / tiles),
    )
    product.work = VALUES * tiling.count * x.channels * output_blocks * tiling.planes
    tap_bytes = 4 * group * vectors * lanes
    product.arguments |= {
        "source_table": Table("tiles' inputs", lambda: tiling.sources(source)),
        "target_table": Table("tiles", lambda: tiling.targets(target, product.added or target)),
        "pixel_table": Table("pixels", lambda: np.stack([pixels, pixels, 0 * pixels], axis=1)),
        "tap_table": Table(
            "planes", lambda: np.arange(tiling.planes)[:, None] * [4 * lanes * tiling.in_plane, tap_bytes]
        ),
        "taps": tiling.planes,
        "more_tiles": tiling.more,
        "all_tiles": tiling.count,
        "chunk_tiles": chunk_tiles,
        "by_tiles": int(by_tiles),
        "blocks": blocks,
        "group": group,
        "last_group": x.channels - (blocks - 1) * group,
        "x_block": lambda: source.channel_stride,
        "x_row": lambda: source.strides[1],
        "input_line": 4 * lanes * (chunk_tiles + tiling.more),
        "input_step": inputs.channel_stride,
        "output_blocks": output_blocks,
        "weight_block": tiling.planes * tap_bytes,
        "value_bytes": packed[0].nbytes,
        "product_line": 4 * lanes * chunk_tiles,
        "product_step": products.channel_stride,
        "y_block": lambda: target.channel_stride,
        "y_row": lambda: target.strides[1],
        "added_step": 0,
        "added_row": lambda: (product.added or target).strides[1],
        "adds": 0,
        "next_weight": call.arguments["weight"],
        "next_panels": 0,
        "next_panel": 0,
        "units": product.units,
        **program.units(product.units),
        "lowest": -math.inf,
    }
    program.each_block(product, produces=target)
    target.saved = product


def _scratch(program: Program, name: str, blocks: int, tiles: int) -> Activation:
    """Room for the values of some tiles, for each worker.

    Values begin one vector further apart than they need to: what lies a power of two apart has the same place in a
    cache, and transforms access all values in turn.
    """
    vectors = program.activation(name, VALUES, (1, 1, blocks * tiles + 1))
    vectors.storage.per_worker = True
    return vectors


def _packed(weight: np.ndarray, outputs: int, blocks: int, group: int, planes: int) -> np.ndarray:
    """The values of weight (O, I, *kernel) as tiles read them: `[value][panel][block][plane][channel][output]`."""
    panels = math.ceil(len(weight) / outputs)
    whole = np.zeros((panels * outputs, blocks * group, planes, 3, 3))
    whole[: len(weight), : weight.shape[1]] = weight.reshape(*weight.shape[:2], planes, 3, 3)
    factors = matrices(3).kernels
    values = np.einsum("vr,wc,oiprc->vwoip", factors, factors, whole, optimize=True)
    by_panel = values.reshape(VALUES, panels, outputs, blocks, group, planes)
    return np.ascontiguousarray(by_panel.transpose(0, 1, 3, 5, 4, 2), dtype=np.float32)
