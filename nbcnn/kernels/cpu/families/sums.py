"""Sums over the batch in a fixed order: per-partition partial sums and their total.

A partition is a fixed range of blocks, so the order of additions follows from the batch and not from the threads.
"""

import math

import numpy as np

from nbcnn.kernels.cpu.families.tails import load_first, store_first
from nbcnn.kernels.cpu.language.later import njit
from nbcnn.kernels.cpu.language.row import Body, arguments, read_float, write_float
from nbcnn.kernels.cpu.language.vector import horizontal_sum, load, splat, where
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation, Call, extent, grid
from nbcnn.kernels.cpu.program.program import Program

_f = np.float32
# Numbers that one part of a phase over parameters works on.
CHUNK = 4096


class PartialSums(Array):
    """One array of `shape` for each partition of the batch: the program's, or each `blocks` blocks.

    Of what is summed over a partition there may be several `pieces`, with an array each.
    """

    def __init__(
        self, program: Program, name: str, shape: tuple[int, ...], blocks: int | None = None, pieces: int = 1
    ) -> None:
        self.blocks = blocks or program.blocks_per_partition
        self.pieces = pieces
        super().__init__(f"{name} partial sums", (math.ceil(program.blocks / self.blocks) * pieces, *shape))
        self.total_shape = shape


def parts_of(count: int) -> int:
    """Into how many parts a phase cuts an array of `count` numbers."""
    return math.ceil(count / CHUNK)


def total(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        partials, result, count, samples, samples_per_partition, pieces, averages, before, scale, limit = arguments(
            "bbiwiiiwrr", arena, row, index, slot
        )
        partitions = (samples + samples_per_partition - 1) // samples_per_partition * pieces
        first = index * CHUNK
        last = min(count, first + CHUNK)
        highest, lowest = splat(lanes, limit), splat(lanes, -limit)
        kept = _f(0.0)
        if averages:
            scale *= _f(samples / (before + samples))
            kept = _f(before / (before + samples))
        for i in range(first, last, lanes):
            sum_ = load_first(lanes, partials + 4 * i, last - i)
            for partition in range(1, partitions):
                sum_ = sum_ + load_first(lanes, partials + 4 * (partition * count + i), last - i)
            sum_ = sum_ * splat(lanes, scale)
            # What is there before the first batch of a mean may be no number.
            if kept > _f(0.0):
                sum_ = sum_ + splat(lanes, kept) * load_first(lanes, result + 4 * i, last - i)
            # In this order a number that is none stays one.
            sum_ = where(sum_ > highest, highest, sum_)
            sum_ = where(sum_ < lowest, lowest, sum_)
            store_first(sum_, result + 4 * i, last - i)

    return body


def add_total(
    program: Program,
    gradient: Array,
    result: Array,
    *,
    scale: float = 1.0,
    limit: float = math.inf,
    averages: bool = False,
) -> Call:
    """A call, over `parts_of` parts, that puts the gradient into `result`, times `scale` and within +-`limit`.

    Of partial sums those of the partitions that hold samples are added; another array may be the result itself. With
    `averages` the result becomes the mean over this batch and those before it, weighted by their samples.
    """
    return program.call(
        total,
        partials=gradient,
        result=result,
        count=math.prod(result.shape),
        samples=program.state("samples"),
        samples_per_partition=gradient.blocks * program.lanes if isinstance(gradient, PartialSums) else program.samples,
        pieces=gradient.pieces if isinstance(gradient, PartialSums) else 1,
        averages=int(averages),
        before=program.state("samples_before"),
        scale=scale,
        limit=limit,
    )


@njit
def add_to_partition(sum_, place, resume):
    """Write the sum of a vector's lanes, added to what is there unless the partition begins."""
    single = horizontal_sum(sum_)
    if resume:
        single += read_float(place)
    write_float(single, place)


def channel_sum(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            result,
            x,
            channel_stride,
            plane_stride,
            row_stride,
            channels,
            depth,
            rows,
            columns,
            blocks_per_partition,
            first,
            last,
        ) = arguments("bbiiiiiiiiii", arena, row, index, slot)
        partition = index // blocks_per_partition
        result += 4 * partition * channels
        for channel in range(first, last):
            sum_ = splat(lanes, 0.0)
            for plane in range(depth):
                for line in range(rows):
                    start = x + channel * channel_stride + plane * plane_stride + line * row_stride
                    for column in range(columns):
                        sum_ = sum_ + load(lanes, start + 4 * lanes * column)
            add_to_partition(sum_, result + 4 * channel, index > partition * blocks_per_partition)

    return body


def add_channel_sum(program: Program, x: Activation, name: str) -> PartialSums:
    """The sum of each channel over space and samples, the gradient of a bias: what made `x` adds it up, or the walk."""
    result = PartialSums(program, name, (x.channels,))
    if x.producer is not None and x.producer.set_sums is not None and not x.shared:
        x.producer.set_sums(result)
        return result
    call = program.call(
        channel_sum,
        result=result,
        **grid("x", x),
        **extent(x),
        blocks_per_partition=program.blocks_per_partition,
        **program.units(x.channels),
    )
    call.units, call.work = x.channels, x.size
    program.each_block(call)
    return result
