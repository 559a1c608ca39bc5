"""What the pools share: tables of windows, and the walk back over them."""

import math
from functools import cache
from typing import NamedTuple

import numpy as np

from nbcnn.kernels.cpu.families.windows import Window, codes, every, reach, three_axes
from nbcnn.kernels.cpu.language.later import njit
from nbcnn.kernels.cpu.language.vector import splat, store
from nbcnn.kernels.cpu.program.buffers import Table
from nbcnn.kernels.cpu.program.calls import Activation, Argument, At, Space
from nbcnn.kernels.cpu.program.program import Program


class Windows(NamedTuple):
    """What pooling reads: window n has the pixels starts[n] + taps[t] for which used[n, t], and writes at targets[n].

    `starts` and `targets` are positions (n, 3), `taps` are offsets (t, 3) in row-major order. Only pixels inside the
    input are used, so padding is never read.
    """

    targets: np.ndarray
    starts: np.ndarray
    taps: np.ndarray
    used: np.ndarray

    @classmethod
    def sliding(cls, window: Window, space: Space, outputs: Space) -> "Windows":
        """A window that slides over `space` and stops `outputs` times along each axis."""
        targets = every(outputs)
        starts = window.starts(targets)
        return cls(targets, starts, window.taps, reach(starts, window.taps, space))

    @classmethod
    def adaptive(cls, space: Space, outputs: Space) -> "Windows":
        """As many windows as `outputs` says, of nearly equal size, which together cover `space`."""
        targets = every(outputs)
        starts = targets * np.array(space) // np.array(outputs)
        sizes = -(-(targets + 1) * np.array(space) // np.array(outputs)) - starts
        taps = every(sizes.max(axis=0))
        return cls(targets, starts, taps, (taps[None] < sizes[:, None]).all(axis=2))

    def readers(self, space: Space) -> np.ndarray:
        """In how many windows each pixel of `space` is."""
        _, rows, columns = space
        steps = np.array([rows * columns, columns, 1])
        pixels = (self.starts @ steps)[:, None] + self.taps @ steps
        counts: np.ndarray = np.bincount(pixels[self.used], minlength=math.prod(space))
        return counts

    @property
    def even(self) -> tuple[Space, Space] | None:
        """Kernel and stride where windows begin at the first pixel, a stride apart, and have all pixels between."""
        kernel = self.taps.max(axis=0) + 1
        last, start = self.targets[-1], self.starts[-1]
        stride = np.where(last > 0, start // np.maximum(last, 1), kernel)
        if len(self.taps) != kernel.prod() or not self.used.all() or (self.starts != self.targets * stride).any():
            return None
        return three_axes(kernel.tolist()), three_axes(stride.tolist())

    def read_once(self, space: Space) -> bool:
        """Whether every pixel of `space` is in one window and no more."""
        return bool((self.readers(space) == 1).all())


def pooled(program: Program, x: Activation, space: Space) -> Activation:
    """The activation that pooling `x` gives."""
    return program.activation("pool", x.channels, space)


def table_arguments(
    windows: Windows, x: Activation, y: Activation, divisors: np.ndarray | None = None
) -> dict[str, Argument]:
    """The tables that tell a pooling kernel its windows, and how many channels and windows there are."""

    @cache
    def tables() -> tuple[np.ndarray, np.ndarray]:
        return _tables(windows, x, y, divisors)

    return {
        "windows": Table("windows", lambda: tables()[0]),
        "taps": Table("window taps", lambda: tables()[1]),
        "pixels": len(windows.targets),
        "channels": x.channels,
        "x_channel": lambda: x.channel_stride,
        "y_channel": lambda: y.channel_stride,
    }


def _tables(
    windows: Windows, x: Activation, y: Activation, divisors: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """For each window: offsets of its start and its target, first tap byte, tap count and 1 / divisor as bits."""
    _, first, which = np.unique(codes(windows.used), return_index=True, return_inverse=True)
    patterns = windows.used[first]
    counts = patterns.sum(axis=1)
    firsts = np.cumsum(counts) - counts
    tap_offsets = windows.taps @ np.array(x.strides, dtype=np.int64)
    taps = np.concatenate([tap_offsets[pattern] for pattern in patterns])
    factors = np.ones(len(which)) if divisors is None else 1.0 / divisors
    bits = factors.astype(np.float32).view(np.int32).astype(np.int64)
    starts, targets = x.offsets(windows.starts), y.offsets(windows.targets)
    return np.stack([starts, targets, 4 * firsts[which], counts[which], bits], axis=1), taps


@njit
def clear(lanes, start, plane_stride, row_stride, depth, rows, columns):
    """Zero the space of one channel, but not its halo."""
    for plane in range(depth):
        for line in range(rows):
            place = start + plane * plane_stride + line * row_stride
            for column in range(columns):
                store(splat(lanes, np.float32(0.0)), place + 4 * lanes * column)


def gradient_arguments(
    windows: Windows, dx: Activation, dy: Activation, divisors: np.ndarray | None = None
) -> dict[str, Argument]:
    """Tables for the way back; where windows leave gaps or overlap, dx is zeroed first and added to."""
    tables = table_arguments(windows, dx, dy, divisors)
    return {
        "dx_windows": tables["windows"],
        "dx_taps": tables["taps"],
        "pixels": tables["pixels"],
        "channels": dx.channels,
        "dx_channel": lambda: dx.channel_stride,
        "dy_channel": lambda: dy.channel_stride,
        "zero": int(not windows.read_once(dx.space)),
        "dx_start": At(dx),
        "dx_plane": lambda: dx.strides[0],
        "dx_row": lambda: dx.strides[1],
        "depth": dx.space[0],
        "rows": dx.space[1],
        "columns": dx.space[2],
    }


def gradient_tables(
    windows: Windows, dx: Activation, dy: Activation, x: Activation, y: Activation
) -> dict[str, Argument]:
    """`gradient_arguments`, and where to read x and y again."""
    forward = table_arguments(windows, x, y)
    again = {name: forward[name] for name in ("windows", "taps", "x_channel", "y_channel")}
    return gradient_arguments(windows, dx, dy) | again
