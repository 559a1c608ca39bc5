"""Linear maps of a channel's pixels by table: padding, cropping, upsampling, averages, and the way back of each.

An output pixel lists the input pixels that it sums, each with a weight. The adjoint lists for every input pixel the
outputs that read it, so that gradients are gathered as well and nothing is ever scattered.
"""

import math
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from nbcnn.kernels.cpu.families.windows import three_axes
from nbcnn.kernels.cpu.language.row import Body, arguments, read_float, read_index
from nbcnn.kernels.cpu.language.vector import load, splat, store
from nbcnn.kernels.cpu.program.buffers import Table
from nbcnn.kernels.cpu.program.calls import Activation, Call, Space
from nbcnn.kernels.cpu.program.program import Program


class AxisTaps(NamedTuple):
    """A linear map along one axis: output `targets[n]` adds `weights[n]` times input `sources[n]`, for every n.

    An output may be listed any number of times; one that is not listed at all reads nothing.
    """

    source_size: int
    target_size: int
    targets: np.ndarray
    sources: np.ndarray
    weights: np.ndarray

    @classmethod
    def copies(cls, source_size: int, sources: np.ndarray) -> "AxisTaps":
        """Output p is input `sources[p]`; where that is no pixel of the input, p reads nothing."""
        (targets,) = np.nonzero((sources >= 0) & (sources < source_size))
        return cls(source_size, len(sources), targets, sources[targets], np.ones(len(targets)))


class Resampling(NamedTuple):
    """A linear map of the pixels of a channel: pixel `targets[n]` adds `weights[n]` times pixel `sources[n]`.

    Pixels are numbered row-major in the space that they lie in.
    """

    source_space: Space
    target_space: Space
    targets: np.ndarray
    sources: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, axes: Sequence[AxisTaps]) -> "Resampling":
        """The map that works along each of the three axes by itself."""
        source_space = three_axes([each.source_size for each in axes])
        target_space = three_axes([each.target_size for each in axes])
        depth, rows, columns = axes
        weights = np.multiply.outer(np.multiply.outer(depth.weights, rows.weights), columns.weights)
        return cls(
            source_space,
            target_space,
            np.ravel_multi_index(np.ix_(*(each.targets for each in axes)), target_space).ravel(),
            np.ravel_multi_index(np.ix_(*(each.sources for each in axes)), source_space).ravel(),
            weights.ravel(),
        )

    @property
    def adjoint(self) -> "Resampling":
        """The transposed map, from the target's pixels to the source's: the gradient of this one."""
        return Resampling(self.target_space, self.source_space, self.sources, self.targets, self.weights)


def resample(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, y, pixel_table, tap_table, pixels, channels, x_channel, y_channel, empty = arguments(
            "bbbbiiiir", arena, row, index, slot
        )
        for channel in range(channels):
            source = x + channel * x_channel
            target = y + channel * y_channel
            for pixel in range(pixels):
                entry = pixel_table + 12 * pixel
                tap = tap_table + read_index(entry + 4)
                count = read_index(entry + 8)
                sum_ = splat(lanes, np.float32(0.0) if count else empty)
                for number in range(count):
                    factor = splat(lanes, read_float(tap + 8 * number + 4))
                    sum_ = sum_ + load(lanes, source + read_index(tap + 8 * number)) * factor
                store(sum_, target + read_index(entry))

    return body


def add_resampling(program: Program, resampling: Resampling, x: Activation, y: Activation, empty: float = 0.0) -> Call:
    """Append to the walk: every channel of y becomes the resampled channel of x.

    y is an activation of as many channels as x, in the target space (`program.activation(name, x.channels,
    resampling.target_space)`); a pixel of it that reads nothing becomes `empty`. The way back is
    `add_resampling(program, resampling.adjoint, dy, dx)`.
    """

    @cache
    def tables() -> tuple[np.ndarray, np.ndarray]:
        return _tables(resampling, x, y)

    call = program.call(
        resample,
        x=x,
        y=y,
        pixel_table=Table("resampled pixels", lambda: tables()[0]),
        tap_table=Table("resampling taps", lambda: tables()[1]),
        pixels=math.prod(resampling.target_space),
        channels=x.channels,
        x_channel=lambda: x.channel_stride,
        y_channel=lambda: y.channel_stride,
        empty=float(empty),
    )
    return program.each_block(call, produces=y)


def _tables(resampling: Resampling, x: Activation, y: Activation) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel of y its offset, first tap byte and tap count; for each tap its offset in x and weight as bits."""
    pixels = math.prod(resampling.target_space)
    order = np.argsort(resampling.targets, kind="stable")
    counts = np.bincount(resampling.targets, minlength=pixels)
    firsts = np.cumsum(counts) - counts
    places = y.offsets(_positions(np.arange(pixels), resampling.target_space))
    bits = resampling.weights[order].astype(np.float32).view(np.int32)
    taps = np.stack([x.offsets(_positions(resampling.sources[order], resampling.source_space)), bits], axis=1)
    return np.stack([places, 8 * firsts, counts], axis=1), taps


def _positions(pixels: np.ndarray, space: Space) -> np.ndarray:
    return np.stack(np.unravel_index(pixels, space), axis=1)
