"""Upsampling to any size: the nearest pixel, or linear between pixels along every axis."""

from collections.abc import Sequence

import numpy as np

from nbcnn.kernels.cpu.families.resampling import AxisTaps, Resampling, add_resampling
from nbcnn.kernels.cpu.families.windows import three_axes
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


def _taps(source: int, target: int, mode: str, align_corners: bool) -> AxisTaps:
    outputs = np.arange(target)
    if mode == "nearest":
        return AxisTaps.copies(source, outputs * source // target)
    if align_corners:
        places = outputs * ((source - 1) / max(target - 1, 1))
    else:
        places = np.maximum((outputs + 0.5) * (source / target) - 0.5, 0.0)
    lower = np.minimum(places.astype(np.int64), source - 1)
    share = places - lower
    # On a pixel and beyond the last one there is nothing to interpolate: one tap, whatever its neighbour holds.
    (between,) = np.nonzero((share > 0) & (lower < source - 1))
    shares = np.zeros(target)
    shares[between] = share[between]
    return AxisTaps(
        source,
        target,
        np.concatenate([outputs, between]),
        np.concatenate([lower, lower[between] + 1]),
        np.concatenate([1.0 - shares, share[between]]),
    )


def _resampling(x: Activation, size: Sequence[int], mode: str, align_corners: bool) -> Resampling:
    sizes = zip(x.space, three_axes(size), strict=True)
    return Resampling.of([_taps(source, target, mode, align_corners) for source, target in sizes])


def upsample(program: Program, x: Activation, *, size: Sequence[int], mode: str, align_corners: bool) -> Activation:
    """x at the spatial sizes `size`."""
    resampling = _resampling(x, size, mode, align_corners)
    y = program.activation("upsampled", x.channels, resampling.target_space)
    add_resampling(program, resampling, x, y)
    return y


def upsample_gradient(
    program: Program,
    dy: Activation,
    x: Activation,
    y: Activation,
    *,
    size: Sequence[int],
    mode: str,
    align_corners: bool,
) -> tuple[Activation | None]:
    """Every number of x collects, by the same weights, from the outputs that read it."""
    if not x.wants_gradient:
        return (None,)
    dx = program.activation("upsampling gradient", x.channels, x.space)
    add_resampling(program, _resampling(x, size, mode, align_corners).adjoint, dy, dx)
    return (dx,)
