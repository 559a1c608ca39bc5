"""Dropout by counter: what is kept follows from seed, step, layer, sample and feature, not from an order of drawing."""

import math

import numpy as np
from numba import njit

from nbcnn.kernels.cpu.program import Activation, Argument, Program, extent, grid, in_place_or_new
from nbcnn.kernels.cpu.row import Body, arguments, read_float, read_unsigned, write_float, write_unsigned

_LOW = np.uint64(0xFFFFFFFF)


@njit
def _philox(c0, c1, c2, c3, k0, k1, target):
    """Philox4x32-10 (Salmon et al., SC 2011, section 3.3): four words from a counter and a key, written at `target`."""
    for _ in range(10):
        high = np.uint64(0xD2511F53) * np.uint64(c0)
        low = np.uint64(0xCD9E8D57) * np.uint64(c2)
        c0 = (low >> np.uint64(32)) ^ c1 ^ k0
        c1 = low & _LOW
        c2 = (high >> np.uint64(32)) ^ c3 ^ k1
        c3 = high & _LOW
        k0 = (k0 + np.uint64(0x9E3779B9)) & _LOW
        k1 = (k1 + np.uint64(0xBB67AE85)) & _LOW
    write_unsigned(np.uint32(c0), target)
    write_unsigned(np.uint32(c1), target + 4)
    write_unsigned(np.uint32(c2), target + 8)
    write_unsigned(np.uint32(c3), target + 12)


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
            threshold,
            scale,
            seed,
            step,
            salt,
        ) = arguments("biiibiiiiiiibirwwi", arena, row, index, slot)
        here, layer = np.uint64(step) & _LOW, np.uint64(salt)
        low_seed, high_seed = np.uint64(seed) & _LOW, np.uint64(seed) >> np.uint64(32)
        feature = 0
        for channel in range(channels):
            for plane in range(depth):
                for line in range(rows):
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    target = y + channel * y_channel + plane * y_plane + line * y_row
                    for _column in range(columns):
                        for lane in range(lanes):
                            if feature % 4 == 0:
                                sample = np.uint64(index * lanes + lane)
                                count = np.uint64(feature // 4)
                                _philox(count, sample, here, layer, low_seed, high_seed, words + 16 * lane)
                            word = np.int64(read_unsigned(words + 16 * lane + 4 * (feature % 4)))
                            value = read_float(source + 4 * lane)
                            write_float(value * scale if word >= threshold else np.float32(0.0), target + 4 * lane)
                        source += 4 * lanes
                        target += 4 * lanes
                        feature += 1

    return body


def _add(
    program: Program, x: Activation, y: Activation, p: float, seed: Argument, step: Argument, salt: int
) -> Activation:
    call = program.call(
        drop,
        **grid("x", x),
        **grid("y", y),
        **extent(x),
        words=program.activation("random words", 4, (1, 1, 1)),
        threshold=math.floor(p * 2**32),
        scale=1.0 / (1.0 - p) if p < 1.0 else 0.0,
        seed=seed,
        step=step,
        salt=salt,
    )
    program.each_block(call, produces=y)
    return y


def dropout(program: Program, x: Activation, *, p: float, seed: Argument, step: Argument, salt: int) -> Activation:
    """Zero a share p of x and divide the rest by 1 - p."""
    return _add(program, x, in_place_or_new(program, x, "dropout"), p, seed, step, salt)


def dropout_gradient(
    program: Program,
    dy: Activation,
    x: Activation,
    y: Activation,
    *,
    p: float,
    seed: Argument,
    step: Argument,
    salt: int,
) -> tuple[Activation]:
    """The same numbers are kept of dy."""
    return (_add(program, dy, dy, p, seed, step, salt),)
