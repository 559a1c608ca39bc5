"""A fully connected layer: the convolution tile with one pixel, or with features as lanes for the weight gradient."""

import math

import numpy as np

from nbcnn.kernels.cpu.families.finiteness import add_watch
from nbcnn.kernels.cpu.families.sums import PartialSums, add_channel_sum
from nbcnn.kernels.cpu.families.windows import Window, forward_strands
from nbcnn.kernels.cpu.language.row import Body, arguments, read_float, write_float, write_word
from nbcnn.kernels.cpu.language.transposing import transpose_square
from nbcnn.kernels.cpu.products.canonical import add_canonical_products, suits_canonical
from nbcnn.kernels.cpu.products.packing import Packing
from nbcnn.kernels.cpu.products.products import add_convolution, add_correlation, choose_tile
from nbcnn.kernels.cpu.products.tile import convolution_tile
from nbcnn.kernels.cpu.program.buffers import Array, Table
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

_POINT = Window((1, 1, 1), (1, 1, 1), (0, 0, 0), (1, 1, 1))
_ONE = (1, 1, 1)
# Rows of tiles of a weight gradient that share what they read of the inputs; more would write to too many places.
ROWS = 4


def linear(program: Program, x: Activation, weight: Array, bias: Array | None) -> Activation:
    """x times the transpose of weight (outputs, inputs), plus bias."""
    outputs, inputs = weight.shape
    y = program.activation("linear", outputs, _ONE)
    _add_products(program, weight, bias, Packing(1, outputs, inputs, 1, 0, inputs, 1), x, y)
    return y


def _add_products(
    program: Program, weight: Array, bias: Array | None, packing: Packing, x: Activation, y: Activation
) -> None:
    if suits_canonical(program, weight):
        add_canonical_products(program, weight, bias, packing, x, y)
    else:
        add_convolution(program, forward_strands(_POINT, _ONE, flip=False), 1, weight, bias, packing, x, y)


def linear_gradient(
    program: Program, dy: Activation, x: Activation, y: Activation, weight: Array, bias: Array | None
) -> tuple[Activation | None, Array | None, PartialSums | None]:
    """Gradients with respect to x, weight and bias, each where it is wanted."""
    outputs, inputs = weight.shape
    dx = None
    if x.wants_gradient:
        dx = program.activation("linear gradient", inputs, _ONE)
        _add_products(program, weight, None, Packing(1, inputs, outputs, 1, 0, 1, inputs), dy, dx)
    if not weight.wants_gradient:
        return dx, None, None
    dweight: Array
    if inputs < program.lanes:
        dweight = add_correlation(program, _POINT, False, 1, x, dy, weight.shape, weight.storage.name)
    else:
        dweight = _add_outer_products(program, dy, x, weight)
    dbias = None if bias is None else add_channel_sum(program, dy, bias.storage.name)
    return dx, dweight, dbias


def transpose(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, y, features, starts = arguments("bbib", arena, row, index, slot)
        one, zero = np.float32(1.0), np.float32(0.0)
        whole = features // lanes * lanes
        for lane in range(lanes):
            write_word(x + 4 * lanes * lane, starts + 8 * lane)
        for feature in range(0, whole, lanes):
            transpose_square(lanes, starts, 4 * lanes * feature, 0, one, zero, y + 4 * feature, 4 * features)
        for feature in range(whole, features):
            for lane in range(lanes):
                write_float(read_float(x + 4 * (feature * lanes + lane)), y + 4 * (lane * features + feature))

    return body


def _by_sample(program: Program, x: Activation) -> Activation:
    """`x` as one row of features per sample instead of one vector of samples per feature."""
    y = program.activation(f"{x.name} by sample", x.channels, x.space)
    starts = program.activation("addresses of rows", 2, _ONE)
    program.each_block(program.call(transpose, x=x, y=y, features=x.size, starts=starts))
    return y


def outer_products(lanes: int, filters: int, vectors: int) -> Body:
    vector = 4 * lanes

    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, dy, result, zeros, pixel_table, tap_table, samples, dy_block, inputs, outputs, tiles = arguments(
            "bbbbbbwiiii", arena, row, index, slot
        )
        blocks = (samples + lanes - 1) // lanes
        first, last = index * ROWS * filters, min(outputs, (index + 1) * ROWS * filters)
        for tile in range(tiles):
            for number in range(first, last, filters):
                convolution_tile(
                    lanes, filters, vectors,
                    x, vector * inputs, dy + vector * number, dy_block, blocks,
                    pixel_table + 12 * vectors * tile, tap_table, lanes,
                    zeros, 0, result + 4 * number * inputs, 4 * inputs, min(filters, outputs - number),
                    np.float32(-np.inf), 0, 0, vector,
                )  # fmt: skip

    return body


def _add_outer_products(program: Program, dy: Activation, x: Activation, weight: Array) -> Array:
    """The sum over samples of dy times x, after the walk: samples take the place of channels, features of lanes."""
    outputs, inputs = weight.shape
    lanes = program.lanes
    columns = math.ceil(inputs / lanes)
    filters, vectors = choose_tile("convolve", outputs, columns)
    tiles = math.ceil(columns / vectors)
    # A last vector that would overrun its row is moved back to end with it.
    starts = np.minimum(np.arange(tiles * vectors) * lanes, inputs - lanes) * 4
    samples = np.arange(lanes)
    result = Array(f"{weight.storage.name} gradient", weight.shape)
    call = program.call(
        outer_products,
        filters,
        vectors,
        x=_by_sample(program, x),
        dy=dy,
        result=result,
        zeros=Array("zeros", (filters,)),
        pixel_table=Table("vectors", lambda: np.stack([starts] * 3, axis=1)),
        tap_table=Table("samples", lambda: np.stack([samples * inputs * 4, samples * 4], axis=1)),
        samples=program.state("samples"),
        dy_block=lambda: dy.storage.block_stride,
        inputs=inputs,
        outputs=outputs,
        tiles=tiles,
    )
    # What each part has made is looked through while it is near: it may be most of a network's weights.
    watch = add_watch(program, result, ROWS * filters * inputs)
    program.gather.add([call, watch], math.ceil(outputs / (ROWS * filters)))
    return result
