"""Convolutions and linear layers on bytes."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from nbcnn.kernels.cpu.by_channel.layout import Blocked, Unsupported, blocked
from nbcnn.kernels.cpu.by_channel.products import choose_tile
from nbcnn.kernels.cpu.families.windows import Strand, TileTables, Window, forward_strands, halo_of, tile_tables
from nbcnn.kernels.cpu.language.row import Body, arguments, read_index
from nbcnn.kernels.cpu.program.buffers import Table
from nbcnn.kernels.cpu.program.calls import Argument, Space
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.kernels.cpu.quantised.layout import WORD, Bytes, constant, in_bytes
from nbcnn.kernels.cpu.quantised.numbers import Scale, Weights, quantise_weights
from nbcnn.kernels.cpu.quantised.tile import byte_tile, has_instruction


def multiply_add_bytes(lanes: int, vectors: int, pixels: int, by_instruction: int, to_bytes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            weight,
            bias,
            factors,
            y,
            pixel_table,
            tile_table,
            tap_table,
            tiles,
            whole_tiles,
            output_blocks,
            blocks,
            words,
            last_words,
            x_block,
            weight_block,
            y_step,
            first_unit,
            last_unit,
            bound,
        ) = arguments("bbbbbbbbiiiiiiiiiiir", arena, row, index, slot)
        groups = (output_blocks + vectors - 1) // vectors
        # A unit is a tile of all output channels, or of one group of them.
        first_group, last_group = 0, groups
        if not whole_tiles:
            first_group, last_group = first_unit // tiles, (last_unit + tiles - 1) // tiles
        for group in range(first_group, last_group):
            first_tile, last_tile = first_unit, last_unit
            if not whole_tiles:
                first_tile, last_tile = max(0, first_unit - group * tiles), min(tiles, last_unit - group * tiles)
            start = group * vectors
            for tile in range(first_tile, last_tile):
                byte_tile(
                    lanes, vectors, pixels, by_instruction, to_bytes,
                    x, x_block, weight + group * blocks * weight_block, weight_block, blocks, words, last_words,
                    pixel_table + 12 * pixels * tile,
                    tap_table + read_index(tile_table + 8 * tile), read_index(tile_table + 8 * tile + 4),
                    bias + 4 * lanes * start, factors + 4 * lanes * start,
                    y + start * y_step, y_step, min(vectors, output_blocks - start), bound,
                )  # fmt: skip

    return body


def conv(
    program: Program,
    x: Bytes,
    weight: np.ndarray,
    bias: np.ndarray | None,
    to: Scale | None,
    *,
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    padding_mode: str,
    dilation: Sequence[int],
    groups: int,
    flip: bool,
) -> Bytes | Blocked:
    """Cross-correlate x with weight (O, I, *kernel), or convolve where `flip`, and add bias; bytes where `to` is given.

    Its attributes are those of the layer: one group, padded with zeros.
    """
    if x.flat:
        raise Unsupported
    if flip:
        weight = np.flip(weight, axis=tuple(range(2, weight.ndim)))
    window = Window.of(weight.shape[2:], stride, padding, dilation)
    space = window.outputs(x.activation.space, padding)
    strands = forward_strands(window, space, flip=False)
    x.activation.widen(halo_of(strands, x.activation.space))
    whole = quantise_weights(weight, bias, x.scale.step)
    return _add_product(program, x, strands[0], whole, space, to)


def linear(
    program: Program, x: Bytes, weight: np.ndarray, bias: np.ndarray | None, to: Scale | None, samples: int
) -> Bytes | Blocked:
    """x times the transpose of weight (outputs, inputs), plus bias, for each of the samples that lie in x."""
    depth, rows, columns = x.activation.space
    window = Window((depth // samples, rows, columns), (depth // samples, 1, 1), (0, 0, 0), (1, 1, 1))
    space = (samples, 1, 1)
    whole = quantise_weights(weight.reshape(len(weight), x.channels, -1), bias, x.scale.step)
    return _add_product(program, x, forward_strands(window, space, flip=False)[0], whole, space, to)


def _add_product(
    program: Program, x: Bytes, strand: Strand, weights: Weights, space: Space, to: Scale | None
) -> Bytes | Blocked:
    lanes = program.lanes
    weight = weights.weight.reshape(*weights.weight.shape[:2], -1)
    outputs, channels, taps = weight.shape
    y = blocked(program, "product", outputs, space) if to is None else in_bytes("product", outputs, space, to, lanes)
    output_blocks, pixel_count = y.activation.channels, math.prod(space)
    vectors, pixels = choose_tile(output_blocks, pixel_count)
    groups = math.ceil(output_blocks / vectors)
    width = groups * vectors * lanes
    blocks, words = math.ceil(channels / x.block), x.block // WORD
    packed = np.zeros((width, blocks * x.block, taps), dtype=np.int8)
    packed[:outputs, :channels] = weight
    packed = packed.reshape(groups, vectors, lanes, blocks, words, WORD, taps).transpose(0, 3, 6, 4, 1, 2, 5)
    biases, which = _biases(x, strand, weights, width)
    factors = np.zeros(width, dtype=np.float32)
    factors[:outputs] = weights.step if to is None else weights.step / to.step
    tap_bytes = WORD * words * vectors * lanes
    tiles = math.ceil(pixel_count / pixels)
    # Each thread had better read its own part of what is more: of the weights, or of the numbers that they meet.
    whole_tiles = (
        packed.nbytes < x.activation.lane_bytes * x.activation.size + y.activation.lane_bytes * y.activation.size
    )

    @cache
    def tables() -> TileTables:
        found = tile_tables([strand], x.activation, y.activation, y.activation, pixels, tap_bytes, taps, 1)
        places = np.searchsorted(y.activation.offsets(strand.pixels), found.pixels[:, 1])
        found.pixels[:, 2] = 4 * width * which[places]
        return found

    bound: dict[str, Argument] = {"lowest": -math.inf} if to is None else {"zero": float(to.zero)}
    call = program.call(
        multiply_add_bytes,
        vectors,
        pixels,
        int(has_instruction()),
        int(to is not None),
        x=x.activation,
        weight=constant("weights in bytes", np.ascontiguousarray(packed)),
        bias=constant("biases of sums", biases),
        factors=constant("factors of sums", factors),
        y=y.activation,
        pixel_table=Table("pixels", lambda: tables().pixels),
        tile_table=Table("tiles", lambda: tables().tiles),
        tap_table=Table("taps", lambda: tables().taps),
        tiles=tiles,
        whole_tiles=int(whole_tiles),
        output_blocks=output_blocks,
        blocks=blocks,
        words=words,
        last_words=math.ceil((channels - (blocks - 1) * x.block) / WORD),
        x_block=lambda: x.activation.channel_stride,
        weight_block=taps * tap_bytes,
        y_step=lambda: y.activation.channel_stride,
        **program.units(tiles if whole_tiles else groups * tiles),
        **bound,
    )
    call.units = tiles if whole_tiles else groups * tiles
    call.work = groups * vectors * tiles * pixels * taps * math.ceil(channels / WORD)
    program.each_block(call, produces=y.activation)
    return y


def _biases(x: Bytes, strand: Strand, weights: Weights, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Biases (patterns, width) that also take out the input's zero point, and which of them each pixel has.

    Padding is a byte of 0 whatever the zero point: a pixel at a border takes it out only for the taps inside.
    """
    positions = strand.starts[:, None] + strand.taps[None]
    inside = ((positions >= 0) & (positions < np.array(x.activation.space))).all(axis=2)
    if x.scale.zero == 0:
        inside = inside[:1]
    patterns, which = np.unique(inside, axis=0, return_inverse=True)
    by_tap = weights.weight.reshape(*weights.weight.shape[:2], -1).sum(axis=1, dtype=np.int64)
    biases = np.zeros((len(patterns), width), dtype=np.int64)
    biases[:, : len(by_tap)] = weights.bias - x.scale.zero * (patterns @ by_tap.T)
    # Sums are right modulo 2**32, whatever they pass through on the way.
    return biases.astype(np.int32), np.broadcast_to(which.reshape(-1), len(strand.pixels))
