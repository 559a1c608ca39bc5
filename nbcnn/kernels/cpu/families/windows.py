"""The tables by which tiles and pools find their pixels: computed once a plan, so kernels stay free of border branches.

Spaces have three axes here (depth, rows, columns), missing ones of size 1. Positions count pixels without the halo.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from nbcnn.kernels.cpu.program.buffers import entries
from nbcnn.kernels.cpu.program.calls import Activation, Halo, Pool, Space

Pairs = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


def three_axes(values: Sequence[int], missing: int = 1) -> Space:
    """Put missing leading axes before per-axis integers."""
    depth, rows, columns = (missing,) * (3 - len(values)) + tuple(values)
    return depth, rows, columns


def three_pairs(pairs: Sequence[tuple[int, int]]) -> Pairs:
    depth, rows, columns = ((0, 0),) * (3 - len(pairs)) + tuple(pairs)
    return depth, rows, columns


def every(space: Sequence[int]) -> np.ndarray:
    """All positions of a space, (n, 3), row-major, as an array that is not to be changed."""
    return _every(tuple(space))


@lru_cache(maxsize=64)
def _every(space: tuple[int, ...]) -> np.ndarray:
    positions = np.stack(np.meshgrid(*map(np.arange, space), indexing="ij"), axis=-1).reshape(-1, len(space))
    positions.flags.writeable = False
    return positions


class Window(NamedTuple):
    """A sliding window: kernel, stride, padding before the first pixel and dilation, each on three axes."""

    kernel: Space
    stride: Space
    before: Space
    dilation: Space

    @classmethod
    def of(
        cls,
        kernel_size: Sequence[int],
        stride: Sequence[int],
        padding: Sequence[tuple[int, int]],
        dilation: Sequence[int],
    ) -> "Window":
        """The window of an operation's arguments, which have an entry for each of one to three axes."""
        before = [pair[0] for pair in padding]
        return cls(three_axes(kernel_size), three_axes(stride), three_axes(before, 0), three_axes(dilation))

    @property
    def adjoint(self) -> "Window":
        """The window of the data gradient over the output's gradient, with the kernel mirrored, for stride 1."""
        depth, rows, columns = (
            gap * (kernel - 1) - before
            for kernel, before, gap in zip(self.kernel, self.before, self.dilation, strict=True)
        )
        return Window(self.kernel, self.stride, (depth, rows, columns), self.dilation)

    def outputs(self, space: Space, padding: Sequence[tuple[int, int]], ceil_mode: bool = False) -> Space:
        """How many windows fit each axis of `space`; with `ceil_mode` none starts in the padding at the end."""
        counts = []
        for size, kernel, stride, (before, after), dilation in zip(
            space, self.kernel, self.stride, three_pairs(padding), self.dilation, strict=True
        ):
            room = size + before + after - dilation * (kernel - 1) - 1
            count = (-(-room // stride) if ceil_mode else room // stride) + 1
            counts.append(count - 1 if ceil_mode and (count - 1) * stride >= size + before else count)
        depth, rows, columns = counts
        return depth, rows, columns

    def products(self, inputs: Space, outputs: Space) -> int:
        """How many pairs of an output and a tap there are whose input is not padding."""
        counts = []
        for axis, (source, target) in enumerate(zip(inputs, outputs, strict=True)):
            taps = self.dilation[axis] * np.arange(self.kernel[axis]) - self.before[axis]
            places = self.stride[axis] * np.arange(target)[:, None] + taps
            counts.append(int(((places >= 0) & (places < source)).sum()))
        return math.prod(counts)

    @property
    def tap_count(self) -> int:
        return math.prod(self.kernel)

    @property
    def taps(self) -> np.ndarray:
        """Offsets of the window's taps in pixels, (taps, 3), row-major."""
        offsets: np.ndarray = every(self.kernel) * np.array(self.dilation)
        return offsets

    def starts(self, outputs: np.ndarray) -> np.ndarray:
        """The input position of tap 0 for output positions (n, 3)."""
        positions: np.ndarray = outputs * np.array(self.stride) - np.array(self.before)
        return positions


@dataclass(frozen=True, eq=False)
class Strand:
    """Pixels to compute that share one list of taps: pixel n sums source[start[n] + tap[t]] times weight number[t]."""

    pixels: np.ndarray
    starts: np.ndarray
    taps: np.ndarray
    numbers: np.ndarray


Strands = tuple[Strand, ...]


# Networks repeat their layers. What is remembered is not to be changed.
@lru_cache(maxsize=8)
def forward_strands(window: Window, outputs: Space, flip: bool) -> Strands:
    """Every output pixel and the taps that it sums."""
    pixels = every(outputs)
    numbers = np.arange(len(window.taps))
    return (Strand(pixels, window.starts(pixels), window.taps, numbers[::-1] if flip else numbers),)


@lru_cache(maxsize=8)
def adjoint_strands(window: Window, inputs: Space, flip: bool) -> Strands:
    """Every input pixel and the outputs whose windows reach it; an axis of stride s has up to s phases of pixels."""
    stride, before = np.array(window.stride), np.array(window.before)
    pixels, taps = every(inputs), window.taps
    # A stride may be larger than the input, and then most of its phases have no pixel.
    phases = [
        sorted((place + b) % s for place in range(min(size, s)))
        for size, b, s in zip(inputs, window.before, window.stride, strict=True)
    ]
    numbers = np.arange(len(taps))
    if flip:
        numbers = numbers[::-1]
    strands = []
    for phase in itertools.product(*phases):
        here = pixels[((pixels + before) % stride == phase).all(axis=1)]
        fits = (taps % stride == phase).all(axis=1)
        starts = (here + before) // stride
        strands.append(Strand(here, starts, -((taps[fits] - np.array(phase)) // stride), numbers[fits]))
    return tuple(strands)


@lru_cache(maxsize=64)
def halo_of(strands: Strands, space: Space) -> Halo:
    """How far the strands reach beyond the space of their source, on each side of each axis."""
    first = last = np.zeros(3, dtype=np.int64)
    for strand in strands:
        if len(strand.taps):
            first = np.minimum(first, strand.starts.min(axis=0) + strand.taps.min(axis=0))
            last = np.maximum(last, strand.starts.max(axis=0) + strand.taps.max(axis=0) - np.array(space) + 1)
    depth, rows, columns = zip((-first).tolist(), last.tolist(), strict=True)
    return depth, rows, columns


@lru_cache(maxsize=64)
def columns_of(strands: Strands) -> int:
    """Over how many columns the taps of a pixel lie, at most."""
    return 1 + max((int(np.ptp(strand.taps[:, 2])) for strand in strands if len(strand.taps)), default=0)


class TileTables(NamedTuple):
    """`pixels` (tiles x tile pixels x 3 offsets: source, target, mask), `tiles` (first tap byte, tap count), `taps`."""

    pixels: np.ndarray
    tiles: np.ndarray
    taps: np.ndarray


def tile_tables(
    strands: Sequence[Strand],
    source: Activation,
    target: Activation,
    mask: Activation,
    tile_pixels: int,
    weight_bytes: int,
    tap_count: int,
    fold: int,
    blocks: int = 1,
    pool: Pool | None = None,
) -> TileTables:
    """Cut strands into tiles and list for each only the taps that reach inside the source.

    With several `blocks`, which must lie one behind the other, a tile may hold pixels of more than one. With a `pool`,
    tiles hold whole windows: what is stored, and what is left of the winner, have the places of the window's.

    `weight_bytes` is the step from one tap's packed weights to the next; `fold` channels are folded into the list of
    taps, so that short lists do not end their loop after every few products.
    """
    pixel_rows, tile_rows, tap_rows = [], [], []
    taps_so_far = 0
    channels = np.arange(fold)[:, None]
    for strand in strands:
        if pool:
            pixel_rows_here, used = _pooled_pixels(strand, source, target.space, pool, tile_pixels)
            pixel_rows.append(pixel_rows_here)
        else:
            order, used = _cut(strand, source.space, tile_pixels, blocks)
            block, pixel = np.divmod(order, len(strand.pixels))
            places = ((source, strand.starts), (target, strand.pixels), (mask, strand.pixels))
            offsets = [each.offsets(where)[pixel] + block * each.storage.extent() for each, where in places]
            pixel_rows.append(np.stack(offsets, axis=1))
        tap_offsets = strand.taps @ np.array(source.strides, dtype=np.int64)
        # Tiles that need the same taps share one list of them, where the first of these tiles has it.
        _, firsts, kinds = np.unique(codes(used), return_index=True, return_inverse=True)
        lists = np.empty((len(firsts), 2), np.int64)
        for kind in np.argsort(firsts):
            needed = used[firsts[kind]]
            from_source = tap_offsets[needed] + channels * source.channel_stride
            from_weights = (strand.numbers[needed] + channels * tap_count) * weight_bytes
            tap_rows.append(np.stack([from_source, from_weights], axis=2).reshape(-1, 2))
            lists[kind] = 8 * taps_so_far, len(tap_rows[-1])
            taps_so_far += len(tap_rows[-1])
        tile_rows.append(lists[kinds])
    return TileTables(
        entries("pixels", np.concatenate(pixel_rows)),
        entries("tiles", np.concatenate(tile_rows)),
        entries("taps", np.concatenate(tap_rows)),
    )


def tile_table_bytes(strands: Sequence[Strand], space: Space, tile_pixels: int, blocks: int) -> tuple[int, int, int]:
    """What `pixels`, `tiles` and, for each channel folded in, `taps` of `tile_tables` take: layouts need not be known.

    The source is of `space`.
    """
    pixels = tiles = taps = 0
    for strand in strands:
        order, used = _cut(strand, space, tile_pixels, blocks)
        _, firsts = np.unique(codes(used), return_index=True)
        pixels += len(order)
        tiles += len(used)
        taps += int(used[firsts].sum())
    return 12 * pixels, 8 * tiles, 8 * taps


def _cut(strand: Strand, space: Space, tile_pixels: int, blocks: int) -> tuple[np.ndarray, np.ndarray]:
    """Which pixels of so many blocks share a tile, and the taps that each tile needs; as `_order` gives them."""
    inside, pixels = reach(strand.starts, strand.taps, space), strand.pixels
    if blocks > 1:
        inside, pixels = np.tile(inside, (blocks, 1)), np.tile(pixels, (blocks, 1))
    return _order(inside, pixels, tile_pixels)


def _pooled_pixels(
    strand: Strand, source: Activation, space: Space, pool: Pool, tile_pixels: int
) -> tuple[np.ndarray, np.ndarray]:
    """The rows of `pixels` and the taps of every tile, of the pixels of whole windows in `space`, window by window."""
    inside = reach(strand.starts, strand.taps, source.space)
    windows = every(pool.y.space)
    places = windows[:, None] * np.array(pool.kernel) + every(pool.kernel)
    pixels = np.ravel_multi_index(tuple(np.moveaxis(places, -1, 0)), space)
    order, used = _order(inside[pixels].any(axis=1), windows, tile_pixels // pool.taps)
    stored = np.stack([pool.y.offsets(windows[order]), order * pool.entry], axis=1)
    read = source.offsets(strand.starts[pixels[order].reshape(-1)])
    return np.column_stack([read, np.repeat(stored, pool.taps, axis=0)]), used


def reach(starts: np.ndarray, taps: np.ndarray, space: Space) -> np.ndarray:
    """Which taps (columns) reach inside a space from which starts (rows)."""
    inside = np.ones((len(starts), len(taps)), dtype=bool)
    for start, tap, size in zip(starts.T, taps.T, space, strict=True):
        first, last = start.min(), start.max()
        places = np.arange(first, last + 1)[:, None] + tap
        along = (places >= 0) & (places < size)
        if not along.all():
            inside &= along[start - first]
    return inside


def codes(flags: np.ndarray) -> np.ndarray:
    """A code for each row of flags; codes sort as rows do, and quickly where a row has no more than 64 flags."""
    packed = np.ascontiguousarray(np.packbits(flags, axis=1))
    if packed.shape[1] > 8:
        return packed.view(f"S{packed.shape[1]}")[:, 0]
    filled = np.zeros((len(packed), 8), np.uint8)
    filled[:, : packed.shape[1]] = packed
    numbers: np.ndarray = filled.view(">u8")[:, 0].astype(np.uint64)
    return numbers


def _order(inside: np.ndarray, pixels: np.ndarray, tile_pixels: int) -> tuple[np.ndarray, np.ndarray]:
    """Choose which pixels share a tile: the order (padded to whole tiles) and the taps that each tile needs.

    Pixels at a border need fewer taps. Row-major order keeps neighbours together; another order is taken only where it
    saves more than 3 % of the products, which borders of small maps do.
    """

    def tiled(candidate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        padding = -len(candidate) % tile_pixels
        order = np.concatenate([candidate, np.repeat(candidate[-1:], padding)])
        return order, inside[order].reshape(len(order) // tile_pixels, tile_pixels, inside.shape[1]).any(axis=1)

    best = tiled(np.arange(len(pixels)))
    # No tile needs fewer taps than its pixels do on average.
    if inside.all() or 0.97 * best[1].sum() <= inside.sum() / tile_pixels:
        return best
    by_column, by_taps = np.lexsort(pixels.T), np.argsort(codes(inside[:, ::-1]), kind="stable")
    for other in map(tiled, (by_column, by_taps)):
        if other[1].sum() < 0.97 * best[1].sum():
            best = other
    return best
