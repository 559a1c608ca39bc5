"""Lp pooling: sums of magnitudes and of squares as they are, other powers through the largest of each window."""

import math
from collections.abc import Sequence

import numpy as np

from nbcnn.kernels.cpu.families.pooling import Windows, clear, gradient_tables, pooled, table_arguments
from nbcnn.kernels.cpu.families.windows import Window
from nbcnn.kernels.cpu.language.row import Body, arguments, read_index
from nbcnn.kernels.cpu.language.vector import absolute, exponential, load, logarithm, splat, square_root, store, where
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

# A kernel's power is one of its constants: 1, 2, or 0 for any other, which is then an argument.
_ANY = 0


def _power(norm_type: float) -> int:
    return int(norm_type) if norm_type in (1.0, 2.0) else _ANY


def _within_float32(exponent: float) -> float:
    """The nearest exponent that float32 holds: infinity times log 1, and 0 times log 0, would be not-a-number."""
    limits = np.finfo(np.float32)
    return math.copysign(min(max(abs(exponent), float(limits.tiny)), float(limits.max)), exponent)


def norm(lanes: int, power: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, y, windows, taps, pixels, channels, x_channel, y_channel, exponent, root = arguments(
            "bbbbiiiirr", arena, row, index, slot
        )
        zero, one = splat(lanes, np.float32(0.0)), splat(lanes, np.float32(1.0))
        infinite = splat(lanes, np.float32(np.inf))
        for channel in range(channels):
            for pixel in range(pixels):
                entry = windows + 20 * pixel
                start = x + channel * x_channel + read_index(entry)
                tap = taps + read_index(entry + 8)
                count = read_index(entry + 12)
                sum_ = zero
                if power == 1:
                    for number in range(count):
                        sum_ = sum_ + absolute(load(lanes, start + read_index(tap + 4 * number)))
                elif power == 2:
                    for number in range(count):
                        value = load(lanes, start + read_index(tap + 4 * number))
                        sum_ = sum_ + value * value
                    sum_ = square_root(sum_)
                else:
                    # Powers of shares of the largest neither overflow nor all vanish.
                    largest = zero
                    for number in range(count):
                        value = absolute(load(lanes, start + read_index(tap + 4 * number)))
                        largest = where((value > largest) | (value != value), value, largest)
                    ordinary = (largest > zero) & (largest < infinite)
                    scale = where(ordinary, largest, one)
                    for number in range(count):
                        value = absolute(load(lanes, start + read_index(tap + 4 * number)))
                        sum_ = sum_ + exponential(logarithm(value / scale) * splat(lanes, exponent))
                    sum_ = scale * exponential(logarithm(sum_) * splat(lanes, root))
                    sum_ = where(ordinary, sum_, largest)
                store(sum_, y + channel * y_channel + read_index(entry + 4))

    return body


def norm_gradient(lanes: int, power: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            dy,
            x,
            y,
            dx,
            dx_windows,
            dx_taps,
            pixels,
            channels,
            dx_channel,
            dy_channel,
            overlap,
            dx_start,
            dx_plane,
            dx_row,
            depth,
            rows,
            columns,
            windows,
            taps,
            x_channel,
            y_channel,
            exponent,
        ) = arguments("bbbbbbiiiiibiiiiibbiir", arena, row, index, slot)
        zero, one = splat(lanes, np.float32(0.0)), splat(lanes, np.float32(1.0))
        # Below it a logarithm is minus infinity; so small a share of the norm gets nothing, nor does a zero.
        smallest = splat(lanes, np.float32(2.0**-126))
        for channel in range(channels):
            if overlap:
                clear(lanes, dx_start + channel * dx_channel, dx_plane, dx_row, depth, rows, columns)
            for pixel in range(pixels):
                entry = windows + 20 * pixel
                dx_entry = dx_windows + 20 * pixel
                start = x + channel * x_channel + read_index(entry)
                tap = taps + read_index(entry + 8)
                dx_begin = dx + channel * dx_channel + read_index(dx_entry)
                dx_tap = dx_taps + read_index(dx_entry + 8)
                norm = load(lanes, y + channel * y_channel + read_index(entry + 4))
                divisor = where(norm == zero, one, norm)
                delta = load(lanes, dy + channel * dy_channel + read_index(dx_entry + 4))
                for number in range(read_index(entry + 12)):
                    value = load(lanes, start + read_index(tap + 4 * number))
                    if power == 2:
                        share = value / divisor * delta
                    else:
                        # Times zero and not just zero, so that not-a-number stays.
                        share = where(value > zero, delta, where(value < zero, zero - delta, value * zero))
                        if power != 1:
                            ratio = absolute(value) / divisor
                            slope = exponential(logarithm(ratio) * splat(lanes, exponent))
                            share = share * where(ratio < smallest, zero, slope)
                    target = dx_begin + read_index(dx_tap + 4 * number)
                    if overlap:
                        share = share + load(lanes, target)
                    store(share, target)

    return body


def lp_pool(
    program: Program,
    x: Activation,
    *,
    norm_type: float,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    ceil_mode: bool,
) -> Activation:
    """The p-norm of each window."""
    window = Window.of(kernel_size, stride, padding, [1] * len(kernel_size))
    y = pooled(program, x, window.outputs(x.space, padding, ceil_mode))
    if program.differentiates:
        x.kept = y.kept = True
    call = program.call(
        norm,
        _power(norm_type),
        x=x,
        y=y,
        **table_arguments(Windows.sliding(window, x.space, y.space), x, y),
        exponent=_within_float32(norm_type),
        root=_within_float32(1.0 / norm_type),
    )
    program.each_block(call, produces=y)
    return y


def lp_pool_gradient(
    program: Program,
    dy: Activation,
    x: Activation,
    y: Activation,
    *,
    norm_type: float,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    ceil_mode: bool,
) -> tuple[Activation | None]:
    """dy sign(x) (|x| / y)**(p - 1), 0 where x is 0."""
    if not x.wants_gradient:
        return (None,)
    window = Window.of(kernel_size, stride, padding, [1] * len(kernel_size))
    dx = program.activation("norm pool gradient", x.channels, x.space)
    call = program.call(
        norm_gradient,
        _power(norm_type),
        dy=dy,
        x=x,
        y=y,
        dx=dx,
        **gradient_tables(Windows.sliding(window, x.space, y.space), dx, dy, x, y),
        exponent=_within_float32(norm_type - 1.0),
    )
    program.each_block(call, produces=dx)
    return (dx,)
