"""Many small arrays side by side as one: kernels of a layer, maps of its channels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.layers.axes import AXIS_NAMES

Array = NDArray[Any]

MOST_TILES = 64
MOST_ROWS, MOST_COLUMNS = 16, 16
"""Kernels and input channels where every kernel has a row of its own."""


@dataclass(frozen=True, eq=False)
class Mosaic:
    """Tiles with gaps of NaN between them, (rows, columns), or (rows, columns, 3) in colours from 0 to 1.

    `caption` says what a tile is, and of how many there are some.
    """

    values: Array
    caption: str

    @property
    def is_coloured(self) -> bool:
        return self.values.ndim == 3


def kernels(weight: Array, in_colours: bool) -> Mosaic:
    """The kernels of a convolution, weight (outputs, inputs, *kernel).

    Kernels over the three colours of the input are coloured, each brought to 0 to 1 by itself. Of other kernels over
    two axes with several inputs each has a row, with a tile for each input; over one axis a kernel is one tile with a
    row for each input, and over three it is the slices of its first input, side by side.
    """
    outputs, inputs, *kernel = weight.shape
    match len(kernel):
        case 1:
            shown = weight[:MOST_TILES, :MOST_COLUMNS]
            caption = _of(outputs, len(shown), "kernel") + f", a row for each of {_of(inputs, shown.shape[1], 'input')}"
            return Mosaic(_grid(list(shown), math.ceil(math.sqrt(len(shown)))), caption)
        case 2 if inputs == 1 or (in_colours and inputs == 3):
            tiles = list(weight[:MOST_TILES, 0]) if inputs == 1 else [_coloured(each) for each in weight[:MOST_TILES]]
            return Mosaic(_grid(tiles, math.ceil(math.sqrt(len(tiles)))), _of(outputs, len(tiles), "kernel"))
        case 2:
            shown = weight[:MOST_ROWS, :MOST_COLUMNS]
            caption = f"a row for each of {_of(outputs, len(shown), 'kernel')}, a column for each of "
            return Mosaic(
                _grid([tile for row in shown for tile in row], shown.shape[1]),
                caption + _of(inputs, shown.shape[1], "input"),
            )
        case _:
            shown = weight[:MOST_ROWS, 0]
            caption = f"a row for each of {_of(outputs, len(shown), 'kernel')}, its slices along depth side by side"
            caption += "" if inputs == 1 else f", of the first of {inputs} inputs"
            return Mosaic(_grid([tile for row in shown for tile in row], shown.shape[1]), caption)


def maps(given: Array) -> Mosaic:
    """What a layer gives for one sample, (channels, *space): a tile for each channel.

    Over one axis, and without any, one tile has a row for each channel; over three the middle slice is shown.
    """
    channels, *space = given.shape
    shown = given[:MOST_TILES]
    caption = _of(channels, len(shown), "channel")
    match len(space):
        case 0:
            columns = math.ceil(math.sqrt(channels))
            padded = np.full(columns * math.ceil(channels / columns), np.nan)
            padded[:channels] = given
            return Mosaic(padded.reshape(-1, columns), f"{channels} features, row by row")
        case 1:
            return Mosaic(np.asarray(shown, np.float64), f"a row for each of {caption}")
        case 3:
            middle = space[0] // 2
            shown = shown[:, middle]
            caption += f", slice {middle} of {space[0]} along {AXIS_NAMES[3][0]}"
    return Mosaic(_grid(list(shown), math.ceil(math.sqrt(len(shown)))), caption)


def _grid(tiles: Sequence[Array], columns: int) -> Array:
    """Row by row, with gaps of NaN, thicker for larger tiles."""
    rows = math.ceil(len(tiles) / columns)
    height, width, *colours = tiles[0].shape
    gap = max(1, max(height, width) // 16)
    values = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, *colours), np.nan)
    for number, tile in enumerate(tiles):
        top, left = number // columns * (height + gap), number % columns * (width + gap)
        values[top : top + height, left : left + width] = tile
    return values


def _coloured(kernel: Array) -> Array:
    """A kernel (3, rows, columns) with its colours last, from 0 to 1."""
    least, most = kernel.min(), kernel.max()
    return np.moveaxis((kernel - least) / ((most - least) or 1.0), 0, -1)


def _of(count: int, shown: int, noun: str) -> str:
    """8, 8 -> 8 kernels; 100, 64 -> 64 of 100 kernels."""
    nouns = noun if count == 1 else f"{noun}s"
    return f"{shown} of {count} {nouns}" if shown < count else f"{count} {nouns}"
