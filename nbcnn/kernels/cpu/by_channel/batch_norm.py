"""Batch normalisation in inference with channels as lanes: a vector of factors and one of shifts."""

import math

import numpy as np

from nbcnn.kernels.cpu.by_channel.layout import Blocked, Unsupported, constant
from nbcnn.kernels.cpu.by_channel.regroup import into_lanes
from nbcnn.kernels.cpu.language.row import Body, arguments
from nbcnn.kernels.cpu.language.vector import load, splat, store, where
from nbcnn.kernels.cpu.program.calls import extent, grid
from nbcnn.kernels.cpu.program.program import Program, in_place_or_new


def factor_and_shift(
    running_mean: np.ndarray | None,
    running_var: np.ndarray | None,
    weight: np.ndarray | None,
    bias: np.ndarray | None,
    eps: float,
) -> tuple[np.ndarray | float, np.ndarray | float]:
    """What inference multiplies each channel by, and what it adds then; float64."""
    mean, variance, scale, start = (
        default if value is None else value.astype(np.float64)
        for value, default in ((running_mean, 0.0), (running_var, 1.0), (weight, 1.0), (bias, 0.0))
    )
    factor = scale / np.sqrt(variance + eps)
    return factor, start - mean * factor


def scale_and_shift(lanes: int) -> Body:
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
            factors,
            shifts,
            channels,
            depth,
            rows,
            columns,
            lowest,
        ) = arguments("biiibiiibbiiiir", arena, row, index, slot)
        floor = splat(lanes, lowest)
        for channel in range(channels):
            factor = load(lanes, factors + 4 * lanes * channel)
            shift = load(lanes, shifts + 4 * lanes * channel)
            for plane in range(depth):
                for line in range(rows):
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    target = y + channel * y_channel + plane * y_plane + line * y_row
                    for column in range(columns):
                        value = load(lanes, source + 4 * lanes * column) * factor + shift
                        store(where(value < floor, floor, value), target + 4 * lanes * column)

    return body


def batch_norm(
    program: Program,
    x: Blocked,
    running_mean: np.ndarray | None,
    running_var: np.ndarray | None,
    weight: np.ndarray | None,
    bias: np.ndarray | None,
    *,
    momentum: float,
    eps: float,
) -> Blocked:
    """Each channel less its running mean, over its running deviation, times weight plus bias."""
    if x.flat:
        raise Unsupported
    x = into_lanes(program, x)
    y = in_place_or_new(program, x.activation, "batch norm")
    padded = np.zeros((2, y.channels * program.lanes))
    padded[0, : x.channels], padded[1, : x.channels] = factor_and_shift(running_mean, running_var, weight, bias, eps)
    call = program.call(
        scale_and_shift,
        **grid("x", x.activation),
        **grid("y", y),
        factors=constant("batch norm factors", padded[0]),
        shifts=constant("batch norm shifts", padded[1]),
        **extent(y),
        lowest=-math.inf,
    )
    program.each_block(call, produces=y)
    return Blocked(y, x.channels)
