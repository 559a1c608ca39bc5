"""k-max pooling: a sorted list of k finds the smallest that stays, a second pass picks in order."""

from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.pooling import Windows, clear, gradient_tables, pooled, table_arguments
from nbcnn.kernels.cpu.families.windows import Window
from nbcnn.kernels.cpu.language.later import njit
from nbcnn.kernels.cpu.language.row import Body, arguments, read_index
from nbcnn.kernels.cpu.language.vector import load, splat, store, where
from nbcnn.kernels.cpu.program.calls import Activation, Space
from nbcnn.kernels.cpu.program.program import Program


@njit(error_model="numpy")
def _greater(a: Any, b: Any) -> Any:
    """a > b, where not-a-number is greater than every number."""
    return where(a != a, b == b, a > b)


@njit(error_model="numpy")
def _same(a: Any, b: Any) -> Any:
    """a == b, where not-a-number is the same as itself."""
    return where(a != a, b != b, a == b)


def largest(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, y, windows, pixels, channels, x_channel, y_channel, length, k = arguments(
            "bbbiiiiii", arena, row, index, slot
        )
        zero, one = splat(lanes, np.float32(0.0)), splat(lanes, np.float32(1.0))
        step = 4 * lanes
        for channel in range(channels):
            for pixel in range(pixels):
                entry = windows + 20 * pixel
                start = x + channel * x_channel + read_index(entry)
                target = y + channel * y_channel + read_index(entry + 4)
                # First the k largest in descending order, where the results will be.
                for place in range(k):
                    store(splat(lanes, np.float32(-np.inf)), target + step * place)
                for number in range(length):
                    value = load(lanes, start + step * number)
                    for place in range(min(number + 1, k)):
                        held = load(lanes, target + step * place)
                        above = _greater(value, held)
                        store(where(above, value, held), target + step * place)
                        value = where(above, held, value)
                smallest = load(lanes, target + step * (k - 1))
                ties = zero
                for place in range(k):
                    ties = ties + where(_same(load(lanes, target + step * place), smallest), one, zero)
                # Then in the order in which they stand; of those that equal the smallest, as many as are among the k.
                taken = zero
                for number in range(length):
                    value = load(lanes, start + step * number)
                    equal = _same(value, smallest)
                    chosen = _greater(value, smallest) | (equal & (ties > zero))
                    ties = where(equal, ties - one, ties)
                    for place in range(max(0, k - (length - number)), min(number + 1, k)):
                        here = chosen & (taken == splat(lanes, np.float32(place)))
                        held = load(lanes, target + step * place)
                        store(where(here, value, held), target + step * place)
                    taken = taken + where(chosen, one, zero)

    return body


def largest_gradient(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            dy,
            x,
            y,
            dx,
            dx_windows,
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
            x_channel,
            y_channel,
            length,
            k,
        ) = arguments("bbbbbiiiiibiiiiibiiii", arena, row, index, slot)
        zero, one = splat(lanes, np.float32(0.0)), splat(lanes, np.float32(1.0))
        step = 4 * lanes
        for channel in range(channels):
            if overlap:
                clear(lanes, dx_start + channel * dx_channel, dx_plane, dx_row, depth, rows, columns)
            for pixel in range(pixels):
                entry = windows + 20 * pixel
                dx_entry = dx_windows + 20 * pixel
                start = x + channel * x_channel + read_index(entry)
                picked = y + channel * y_channel + read_index(entry + 4)
                target = dx + channel * dx_channel + read_index(dx_entry)
                deltas = dy + channel * dy_channel + read_index(dx_entry + 4)
                smallest = load(lanes, picked)
                for place in range(1, k):
                    held = load(lanes, picked + step * place)
                    smallest = where(_greater(smallest, held), held, smallest)
                ties = zero
                for place in range(k):
                    ties = ties + where(_same(load(lanes, picked + step * place), smallest), one, zero)
                taken = zero
                for number in range(length):
                    value = load(lanes, start + step * number)
                    equal = _same(value, smallest)
                    chosen = _greater(value, smallest) | (equal & (ties > zero))
                    ties = where(equal, ties - one, ties)
                    share = zero
                    for place in range(max(0, k - (length - number)), min(number + 1, k)):
                        here = chosen & (taken == splat(lanes, np.float32(place)))
                        share = where(here, load(lanes, deltas + step * place), share)
                    taken = taken + where(chosen, one, zero)
                    if overlap:
                        share = share + load(lanes, target + step * number)
                    store(share, target + step * number)

    return body


def _windows(x: Activation, k: int, kernel_size: int, stride: int) -> tuple[Windows, Space]:
    """The windows along the last axis, each of which writes k pixels, and the space of the output."""
    window = Window.of((kernel_size,), (stride,), ((0, 0),), (1,))
    depth, rows, count = window.outputs(x.space, ((0, 0),))
    sliding = Windows.sliding(window, x.space, (depth, rows, count))
    first_of_k = sliding.targets * np.array([1, 1, k])
    return Windows(first_of_k, sliding.starts, sliding.taps, sliding.used), (depth, rows, count * k)


def kmax_pool(program: Program, x: Activation, *, k: int, kernel_size: int, stride: int) -> Activation:
    """The k largest values of each window, in the order in which they stand there."""
    windows, outputs = _windows(x, k, kernel_size, stride)
    y = pooled(program, x, outputs)
    if program.differentiates:
        x.kept = y.kept = True
    tables = table_arguments(windows, x, y)
    del tables["taps"]
    program.each_block(program.call(largest, x=x, y=y, **tables, length=kernel_size, k=k), produces=y)
    return y


def kmax_pool_gradient(
    program: Program, dy: Activation, x: Activation, y: Activation, *, k: int, kernel_size: int, stride: int
) -> tuple[Activation | None]:
    """The gradient of every chosen value goes to where it stood."""
    if not x.wants_gradient:
        return (None,)
    windows, _ = _windows(x, k, kernel_size, stride)
    dx = program.activation("k-max pool gradient", x.channels, x.space)
    tables = gradient_tables(windows, dx, dy, x, y)
    del tables["taps"], tables["dx_taps"]
    call = program.call(largest_gradient, dy=dy, x=x, y=y, dx=dx, **tables, length=kernel_size, k=k)
    program.each_block(call, produces=dx)
    return (dx,)
