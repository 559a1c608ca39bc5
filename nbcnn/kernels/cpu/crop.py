"""Cropping: borders left out."""

from collections.abc import Sequence

import numpy as np

from nbcnn.kernels.cpu.families.resampling import AxisTaps, Resampling, add_resampling
from nbcnn.kernels.cpu.families.windows import three_pairs
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


def _resampling(x: Activation, crop: Sequence[tuple[int, int]]) -> Resampling:
    return Resampling.of(
        [
            AxisTaps.copies(size, np.arange(before, size - after))
            for size, (before, after) in zip(x.space, three_pairs(crop), strict=True)
        ]
    )


def crop(program: Program, x: Activation, *, crop: Sequence[tuple[int, int]]) -> Activation:
    """x without (before, after) pixels of each axis."""
    resampling = _resampling(x, crop)
    y = program.activation("cropped", x.channels, resampling.target_space)
    add_resampling(program, resampling, x, y)
    return y


def crop_gradient(
    program: Program, dy: Activation, x: Activation, y: Activation, *, crop: Sequence[tuple[int, int]]
) -> tuple[Activation | None]:
    """dy where x was kept, 0 where it was left out."""
    if not x.wants_gradient:
        return (None,)
    dx = program.activation("cropping gradient", x.channels, x.space)
    add_resampling(program, _resampling(x, crop).adjoint, dy, dx)
    return (dx,)
