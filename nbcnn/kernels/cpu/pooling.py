"""What maximum and average pooling share: the walk over windows by table."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numba import njit

from nbcnn.kernels.cpu.program import Activation, Argument, At, Program, Table
from nbcnn.kernels.cpu.vector import splat, store
from nbcnn.kernels.cpu.windows import Window, every, pool_tables


def pooled(
    program: Program, x: Activation, window: Window, padding: Sequence[tuple[int, int]], ceil_mode: bool
) -> Activation:
    """The activation that pooling `x` gives."""
    y = program.activation("pool", x.channels, window.outputs(x.space, padding, ceil_mode))
    y.wants_gradient = x.wants_gradient
    return y


def table_arguments(
    window: Window, x: Activation, y: Activation, divisors: np.ndarray | None = None
) -> dict[str, Argument]:
    """The tables that tell a pooling kernel its windows, and how many channels and pixels there are."""

    @cache
    def tables() -> tuple[np.ndarray, np.ndarray]:
        return pool_tables(window, x, y, divisors)

    return {
        "windows": Table("windows", lambda: tables()[0]),
        "taps": Table("window taps", lambda: tables()[1]),
        "pixels": len(every(y.space)),
        "channels": x.channels,
        "x_channel": lambda: x.channel_stride,
        "y_channel": lambda: y.channel_stride,
    }


@njit
def clear(lanes, start, plane_stride, row_stride, depth, rows, columns):
    """Zero the space of one channel, but not its halo."""
    for plane in range(depth):
        for line in range(rows):
            place = start + plane * plane_stride + line * row_stride
            for column in range(columns):
                store(splat(lanes, np.float32(0.0)), place + 4 * lanes * column)


def gradient_arguments(
    window: Window, dx: Activation, dy: Activation, divisors: np.ndarray | None = None
) -> dict[str, Argument]:
    """Tables for the way back; where windows leave gaps or overlap, dx is zeroed first and added to."""
    disjoint = all(s >= d * (k - 1) + 1 for s, k, d in zip(window.stride, window.kernel, window.dilation, strict=True))
    starts = window.starts(every(dy.space))
    positions = (starts[:, None] + window.taps[None]).reshape(-1, 3)
    inside = ((positions >= 0) & (positions < np.array(dx.space))).all(axis=1)
    covers = len(np.unique(positions[inside], axis=0)) == len(every(dx.space))
    tables = table_arguments(window, dx, dy, divisors)
    return {
        "dx_windows": tables["windows"],
        "dx_taps": tables["taps"],
        "pixels": tables["pixels"],
        "channels": dx.channels,
        "dx_channel": lambda: dx.channel_stride,
        "dy_channel": lambda: dy.channel_stride,
        "zero": int(not (disjoint and covers)),
        "dx_start": At(dx),
        "dx_plane": lambda: dx.strides[0],
        "dx_row": lambda: dx.strides[1],
        "depth": dx.space[0],
        "rows": dx.space[1],
        "columns": dx.space[2],
    }
