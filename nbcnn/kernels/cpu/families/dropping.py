"""Masks by counter: what is kept follows from seed, step, layer, sample and feature, not from an order of drawing."""

import math

import numpy as np

from nbcnn.kernels.cpu.language.later import njit
from nbcnn.kernels.cpu.language.philox import LOW, philox
from nbcnn.kernels.cpu.language.row import Body, arguments, read_unsigned, write_float, write_unsigned
from nbcnn.kernels.cpu.language.vector import load, splat, store, where
from nbcnn.kernels.cpu.program.calls import Activation, Argument, extent, grid
from nbcnn.kernels.cpu.program.program import Program, in_place_or_new


@njit
def _write_words(c0, c1, c2, c3, k0, k1, target):
    """Write the four words of a counter and a key at `target`."""
    words = philox(c0, c1, c2, c3, k0, k1)
    for number in range(4):
        write_unsigned(np.uint32(words[number]), target + 4 * number)


def drop(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            x_channel,
            x_plane,
            x_row,
            y,
            y_channel,
            y_plane,
            y_row,
            channels,
            depth,
            rows,
            columns,
            words,
            numbers_per_feature,
            threshold,
            scale,
            seed,
            step,
            salt,
        ) = arguments("biiibiiiiiiibiirwwi", arena, row, index, slot)
        here, layer = np.uint64(step) & LOW, np.uint64(salt)
        low_seed, high_seed = np.uint64(seed) & LOW, np.uint64(seed) >> np.uint64(32)
        # Behind the words of every lane lies what each lane's numbers are multiplied by.
        factors = words + 16 * lanes
        zero = splat(lanes, 0.0)
        feature = 0
        left = 0
        for channel in range(channels):
            for plane in range(depth):
                for line in range(rows):
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    target = y + channel * y_channel + plane * y_plane + line * y_row
                    for column in range(columns):
                        if left == 0:
                            for lane in range(lanes):
                                if feature % 4 == 0:
                                    sample = np.uint64(index * lanes + lane)
                                    count = np.uint64(feature // 4)
                                    _write_words(count, sample, here, layer, low_seed, high_seed, words + 16 * lane)
                                word = np.int64(read_unsigned(words + 16 * lane + 4 * (feature % 4)))
                                write_float(scale if word >= threshold else np.float32(0.0), factors + 4 * lane)
                            feature += 1
                            left = numbers_per_feature
                        left -= 1
                        factor = load(lanes, factors)
                        # Not by a product alone: what is dropped is 0 even where it was not a number.
                        value = where(factor > zero, load(lanes, source + 4 * lanes * column) * factor, zero)
                        store(value, target + 4 * lanes * column)

    return body


def add_drop(
    program: Program,
    x: Activation,
    *,
    numbers_per_feature: int,
    p: float,
    seed: Argument,
    step: Argument,
    salt: int,
) -> Activation:
    """x, or a gradient, with as many numbers in a row kept or dropped together; over x where nobody else needs it."""
    y = in_place_or_new(program, x, f"{x.name} less some")
    call = program.call(
        drop,
        **grid("x", x),
        **grid("y", y),
        **extent(x),
        words=program.activation("random words", 5, (1, 1, 1)),
        numbers_per_feature=numbers_per_feature,
        threshold=math.floor(p * 2**32),
        scale=1.0 / (1.0 - p) if p < 1.0 else 0.0,
        seed=seed,
        step=step,
        salt=salt,
    )
    program.each_block(call, produces=y)
    return y
