"""The two kernels around the tiles for channels as lanes, and how an operation asks for them."""

import math
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import zip_longest

import numpy as np

from nbcnn.kernels.cpu.by_channel.layout import Blocked, constant
from nbcnn.kernels.cpu.by_channel.tile import channel_tile, depthwise_tile
from nbcnn.kernels.cpu.families.windows import Strand, TileTables, Window, forward_strands, tile_tables
from nbcnn.kernels.cpu.language.lanes import register_count
from nbcnn.kernels.cpu.language.row import Body, arguments, read_index
from nbcnn.kernels.cpu.program.buffers import Table
from nbcnn.kernels.cpu.program.calls import CACHE_LINE, Activation, Call, Space
from nbcnn.kernels.cpu.program.program import Program

# What the weights of one chunk of input channels may take, so that they stay near the core for all pixels.
CHUNK_BYTES = 192 << 10
# Weights of a network that take so many bytes do not stay near the cores from one sample to the next, and a product
# of so many is long enough to bring others near.
_FAR_BYTES, _LONG_BYTES = 1 << 20, 128 << 10


def multiply_add(lanes: int, vectors: int, pixels: int, lines_ahead: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            weight,
            bias,
            y,
            added,
            pixel_table,
            tile_table,
            tap_table,
            tiles,
            whole_tiles,
            output_blocks,
            blocks,
            blocks_per_chunk,
            group,
            last_group,
            x_block,
            x_step,
            weight_block,
            y_step,
            added_step,
            adds,
            next_weight,
            next_panels,
            next_panel,
            units,
            first_unit,
            last_unit,
            lowest,
        ) = arguments("bbbbbbbbiiiiiiiiiiiiibiiiiir", arena, row, index, slot)
        added = added * adds
        groups = (output_blocks + vectors - 1) // vectors
        # A unit is a tile of all output channels, or of one group of them.
        first_group, last_group_here = 0, groups
        if not whole_tiles:
            first_group, last_group_here = first_unit // tiles, (last_unit + tiles - 1) // tiles
        for number in range(first_group, last_group_here):
            first_tile, last_tile = first_unit, last_unit
            if not whole_tiles:
                first_tile, last_tile = max(0, first_unit - number * tiles), min(tiles, last_unit - number * tiles)
            panel = weight + number * blocks * weight_block
            start = number * vectors
            for first in range(0, blocks, blocks_per_chunk):
                count = min(blocks_per_chunk, blocks - first)
                last = first + count == blocks
                here = panel + first * weight_block
                ahead, share, ahead_step = here + count * weight_block, 0, 0
                if lines_ahead > 0:
                    # While the tiles use these weights, each has its share of the next ones brought near.
                    if last and number + 1 == last_group_here:
                        ahead = next_weight + first_unit * next_panels // units * next_panel
                    share = count * weight_block // (last_tile - first_tile)
                    ahead_step = 4 * lanes * vectors // (last_tile - first_tile)
                for tile in range(first_tile, last_tile):
                    taps = tap_table + read_index(tile_table + 8 * tile)
                    tap_count = read_index(tile_table + 8 * tile + 4)
                    channel_tile(
                        lanes, vectors, pixels, lines_ahead,
                        x + first * x_block, x_block, x_step,
                        here, weight_block, ahead + (tile - first_tile) * share, ahead_step,
                        count, group, last_group if last else group,
                        pixel_table + 12 * pixels * tile, taps, tap_count,
                        bias + 4 * lanes * start, first,
                        y + start * y_step, y_step,
                        added + start * added_step if last else 0, added_step,
                        min(vectors, output_blocks - start), lowest if last else np.float32(-np.inf),
                    )  # fmt: skip

    return body


def multiply_add_depthwise(lanes: int, pixels: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            weight,
            bias,
            y,
            added,
            pixel_table,
            tile_table,
            tap_table,
            tiles,
            whole_tiles,
            blocks,
            x_block,
            weight_block,
            y_step,
            added_step,
            adds,
            first,
            last,
            lowest,
        ) = arguments("bbbbbbbbiiiiiiiiiir", arena, row, index, slot)
        # A unit is a tile of all channels, or all tiles of one block of them.
        first_block, last_block, first_tile, last_tile = first, last, 0, tiles
        if whole_tiles:
            first_block, last_block, first_tile, last_tile = 0, blocks, first, last
        for block in range(first_block, last_block):
            for tile in range(first_tile, last_tile):
                depthwise_tile(
                    lanes, pixels,
                    x + block * x_block, weight + block * weight_block, pixel_table + 12 * pixels * tile,
                    tap_table + read_index(tile_table + 8 * tile), read_index(tile_table + 8 * tile + 4),
                    bias + 4 * lanes * block, y + block * y_step, (added + block * added_step) * adds, lowest,
                )  # fmt: skip

    return body


# Tiles worth compiling, vectors x pixels, for machines with 32 vector registers and with 16.
_MENU = {32: ((1, 12), (2, 12), (4, 6), (4, 4), (2, 8), (4, 1)), 16: ((1, 8), (2, 6), (4, 2), (4, 1))}
_DEPTHWISE_PIXELS = {32: 8, 16: 6}


@lru_cache(maxsize=256)
def choose_tile(output_blocks: int, pixels: int) -> tuple[int, int]:
    """The tile that finishes so many vectors of outputs for so many pixels in the fewest cycles.

    One step of a tile costs the most of: its products at two a cycle, each waiting four cycles for the one before; its
    loads (a vector of weights a row, a number a pixel) at two a cycle; all its instructions at five and a half a cycle;
    and one cycle more.
    """

    def cost(tile: tuple[int, int]) -> float:
        height, width = tile
        products = height * width
        step = 1 + max(products / 2, 4, (height + width) / 2, (products + height + width + 4) / 5.5)
        return math.ceil(output_blocks / height) * math.ceil(pixels / width) * step

    return min(_MENU[32 if register_count() >= 32 else 16], key=cost)


@dataclass(eq=False)
class Product(Call):
    """A call that sums products; another activation may be added to them, and parts of them be summed side by side.

    The last constant of its kernel tells how many lines of weights a tile brings near with every step.
    """

    added: Activation | None = None
    # All bytes of weights and those of a panel, which one vector of outputs or several have; how many panels threads
    # share out, 0 where each reads all of them; how many lines a step reads; and by how many tiles they are read.
    weight_bytes: int = 0
    panel_bytes: int = 0
    shared_panels: int = 0
    lines: int = 0
    readers: int = 1

    def add(self, activation: Activation) -> None:
        """Have another activation of the same shape added before the sums are clamped and stored."""
        self.added = activation
        self.arguments.update(added=activation, added_step=lambda: activation.channel_stride, adds=1)

    def bring_near(self, following: "Product | None") -> None:
        """Have each tile bring near its share of the weights that are used next, at the end those of another product.

        A processor reads ahead by itself while a single tile reads weights once; but when several tiles read the same
        ones, it rests from the second tile on.
        """
        if self.readers == 1:
            return
        *constants, _ = self.kernel.constants
        self.kernel = self.kernel._replace(constants=(*constants, math.ceil(self.lines / self.readers)))
        if following is not None:
            self.arguments.update(
                next_weight=following.arguments["weight"],
                next_panels=following.shared_panels,
                next_panel=following.panel_bytes,
            )


def look_ahead(program: Program) -> None:
    """Have products bring near the weights that are used after theirs, where all do not stay near the cores."""
    products = [call for call in program.calls() if isinstance(call, Product)]
    if sum(product.weight_bytes for product in products) > _FAR_BYTES:
        for product, following in zip_longest(products, products[1:]):
            if product.weight_bytes >= _LONG_BYTES:
                product.bring_near(following)


@dataclass(frozen=True)
class Reading:
    """How a product reads its input: blocks of `group` numbers that lie `step` bytes apart, each times one weight.

    `tables(target, addend, pixels, tap_bytes)` are those of its tiles, with `taps` taps in a block.
    """

    block: Callable[[], int]
    group: int
    step: Callable[[], int]
    taps: int
    tables: Callable[[Activation, Activation, int, int], TileTables]


def reading(x: Blocked, strands: Sequence[Strand]) -> Reading:
    """Blocks are blocks of channels, for every tap."""
    activation, taps = x.activation, len(strands[0].taps)

    def tables(target: Activation, addend: Activation, pixels: int, tap_bytes: int) -> TileTables:
        return tile_tables(strands, activation, target, addend, pixels, tap_bytes, taps, 1)

    lanes = activation.lane_bytes // 4
    return Reading(lambda: activation.channel_stride, min(lanes, x.channels), lambda: 4, taps, tables)


def reading_of_rows(x: Blocked, window: Window, outputs: Space) -> Reading:
    """Of a planar input, which has few channels: one block of a row of the window, for every other row and channel."""
    activation, columns = x.activation, window.kernel[2]
    rows = window._replace(kernel=(*window.kernel[:2], 1))
    taps = len(rows.taps)

    def tables(target: Activation, addend: Activation, pixels: int, tap_bytes: int) -> TileTables:
        # A row of the window is read as a whole, so columns of the halo count as columns of the input.
        before, after = activation.halo[2]
        seen = copy(activation)
        seen.space = (*activation.space[:2], before + activation.space[2] + after)
        seen.halo = (*activation.halo[:2], (0, 0))
        shifted = [replace(each, starts=each.starts + (0, 0, before)) for each in forward_strands(rows, outputs, False)]
        return tile_tables(shifted, seen, target, addend, pixels, tap_bytes, taps, x.channels)

    return Reading(lambda: 0, columns, lambda: 4 * window.dilation[2], taps * x.channels, tables)


def add_product(
    program: Program, x: Blocked, read: Reading, weight: np.ndarray, bias: np.ndarray | None, y: Blocked
) -> None:
    """Append to the walk: y = sum over blocks, their taps and groups of x times weight, plus bias.

    `weight` lies as (outputs, channels, taps) where a group is a block's channels.
    """
    lanes = program.lanes
    outputs, channels, taps = weight.shape
    output_blocks = y.activation.channels
    pixel_count = math.prod(y.activation.space)
    vectors, pixels = choose_tile(output_blocks, pixel_count)
    groups = math.ceil(output_blocks / vectors)
    blocks = math.ceil(channels / read.group)
    packed = np.zeros((groups * vectors * lanes, blocks * read.group, taps), dtype=np.float32)
    packed[:outputs, :channels] = weight
    packed = packed.reshape(groups, vectors * lanes, blocks, read.group, taps).transpose(0, 2, 4, 3, 1)
    tap_bytes = 4 * read.group * vectors * lanes
    tiles = math.ceil(pixel_count / pixels)
    call = program.call(
        multiply_add,
        vectors,
        pixels,
        0,
        x=x.argument,
        weight=constant("weights by channel", packed),
        bias=constant("bias by channel", padded(bias, groups * vectors * lanes)),
        y=y.activation,
        added=y.activation,
    )
    # Each thread had better read its own part of what is more: of the weights, or of the numbers that they meet.
    whole_tiles = packed.nbytes < 4 * lanes * (x.activation.size + y.activation.size)
    product = Product(
        call.kernel,
        call.arguments,
        call.section,
        units=tiles if whole_tiles else groups * tiles,
        weight_bytes=packed.nbytes,
        panel_bytes=packed[0].nbytes,
        shared_panels=0 if whole_tiles else groups,
        lines=math.ceil(4 * vectors * lanes / CACHE_LINE),
        readers=tiles,
    )
    product.work = groups * vectors * tiles * pixels * channels * taps

    @cache
    def tables() -> TileTables:
        return read.tables(y.activation, product.added or y.activation, pixels, tap_bytes)

    product.arguments |= {
        "pixel_table": Table("pixels", lambda: tables().pixels),
        "tile_table": Table("tiles", lambda: tables().tiles),
        "tap_table": Table("taps", lambda: tables().taps),
        "tiles": tiles,
        "whole_tiles": int(whole_tiles),
        "output_blocks": output_blocks,
        "blocks": blocks,
        # Weights that serve a single tile are read once, however many they are.
        "blocks_per_chunk": blocks if pixel_count <= pixels else max(1, min(blocks, CHUNK_BYTES // (taps * tap_bytes))),
        "group": read.group,
        "last_group": channels - (blocks - 1) * read.group,
        "x_block": read.block,
        "x_step": read.step,
        "weight_block": taps * tap_bytes,
        "y_step": lambda: y.activation.channel_stride,
        "added_step": 0,
        "adds": 0,
        "next_weight": call.arguments["weight"],
        "next_panels": 0,
        "next_panel": 0,
        "units": product.units,
        **program.units(product.units),
        "lowest": -math.inf,
    }
    program.each_block(product, produces=y.activation)
    y.activation.saved = product


def add_depthwise(
    program: Program, strands: Sequence[Strand], weight: np.ndarray, bias: np.ndarray | None, x: Blocked, y: Blocked
) -> None:
    """Append to the walk: the same for weight (channels, taps), each channel of x by itself."""
    lanes = program.lanes
    channels, taps = weight.shape
    blocks = x.activation.channels
    pixels = _DEPTHWISE_PIXELS[32 if register_count() >= 32 else 16]
    packed = np.zeros((blocks * lanes, taps), dtype=np.float32)
    packed[:channels] = weight
    call = program.call(
        multiply_add_depthwise,
        pixels,
        x=x.activation,
        weight=constant("weights by channel", packed.reshape(blocks, lanes, taps).transpose(0, 2, 1)),
        bias=constant("bias by channel", padded(bias, blocks * lanes)),
        y=y.activation,
        added=y.activation,
    )
    tiles = math.ceil(math.prod(y.activation.space) / pixels)
    # As the products of all channels beside it are probably shared out.
    whole_tiles = channels < 2 * math.prod(y.activation.space)
    product = Product(call.kernel, call.arguments, call.section, units=tiles if whole_tiles else blocks)
    product.work = 2 * blocks * tiles * pixels * taps

    @cache
    def tables() -> TileTables:
        addend = product.added or y.activation
        return tile_tables(strands, x.activation, y.activation, addend, pixels, 4 * lanes, taps, 1)

    product.arguments |= {
        "pixel_table": Table("pixels", lambda: tables().pixels),
        "tile_table": Table("tiles", lambda: tables().tiles),
        "tap_table": Table("taps", lambda: tables().taps),
        "tiles": tiles,
        "whole_tiles": int(whole_tiles),
        "blocks": blocks,
        "x_block": lambda: x.activation.channel_stride,
        "weight_block": 4 * lanes * taps,
        "y_step": lambda: y.activation.channel_stride,
        "added_step": 0,
        "adds": 0,
        **program.units(product.units),
        "lowest": -math.inf,
    }
    program.each_block(product, produces=y.activation)
    y.activation.saved = product


def padded(bias: np.ndarray | None, size: int) -> np.ndarray:
    """`size` numbers: those of a bias, if there is one, and zeros."""
    padded = np.zeros(size, dtype=np.float32)
    if bias is not None:
        padded[: len(bias)] = bias
    return padded
