"""Padding: what lies beyond the border is one number, or is copied from the input."""

from collections.abc import Sequence

import numpy as np

from nbcnn.kernels.cpu.families.resampling import AxisTaps, Resampling, add_resampling
from nbcnn.kernels.cpu.families.windows import three_pairs
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


def _copied_from(size: int, before: int, after: int, mode: str) -> np.ndarray:
    """For every position of a padded axis, the input that it repeats; -1 or the size and above where that is none."""
    position = np.arange(-before, size + after)
    if mode == "constant":
        return position
    if mode == "replicate":
        return position.clip(0, size - 1)
    if mode == "circular":
        return position % size
    distance = np.abs(position)
    return np.where(distance < size, distance, 2 * (size - 1) - distance)


def _resampling(x: Activation, padding: Sequence[tuple[int, int]], mode: str) -> Resampling:
    return Resampling.of(
        [
            AxisTaps.copies(size, _copied_from(size, before, after, mode))
            for size, (before, after) in zip(x.space, three_pairs(padding), strict=True)
        ]
    )


def pad(program: Program, x: Activation, *, padding: Sequence[tuple[int, int]], mode: str, value: float) -> Activation:
    """x with padding around it: `value` where mode is constant, else numbers of x."""
    resampling = _resampling(x, padding, mode)
    y = program.activation("padded", x.channels, resampling.target_space)
    # A convolution pads by itself, and asks this of the way back.
    y.wants_gradient = x.wants_gradient
    add_resampling(program, resampling, x, y, empty=value)
    return y


def pad_gradient(
    program: Program,
    dy: Activation,
    x: Activation,
    y: Activation,
    *,
    padding: Sequence[tuple[int, int]],
    mode: str,
    value: float,
) -> tuple[Activation | None]:
    """Every number of x collects from wherever it was copied to."""
    if not x.wants_gradient:
        return (None,)
    dx = program.activation("padding gradient", x.channels, x.space)
    add_resampling(program, _resampling(x, padding, mode).adjoint, dy, dx)
    return (dx,)
