"""Adaptive average pooling: the means of as many windows as asked for, each axis by itself."""

from collections.abc import Sequence

import numpy as np

from nbcnn.kernels.cpu.families.pooling import pooled
from nbcnn.kernels.cpu.families.resampling import AxisTaps, Resampling, add_resampling
from nbcnn.kernels.cpu.families.windows import three_axes
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


def _taps(source: int, target: int) -> AxisTaps:
    outputs = np.arange(target)
    first = outputs * source // target
    sizes = -(-(outputs + 1) * source // target) - first
    targets = np.repeat(outputs, sizes)
    within = np.arange(len(targets)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return AxisTaps(source, target, targets, first[targets] + within, 1.0 / sizes[targets])


def _resampling(x: Activation, output_size: Sequence[int]) -> Resampling:
    return Resampling.of(
        [_taps(source, target) for source, target in zip(x.space, three_axes(output_size), strict=True)]
    )


def adaptive_avg_pool(program: Program, x: Activation, *, output_size: Sequence[int]) -> Activation:
    """The mean of each window."""
    y = pooled(program, x, three_axes(output_size))
    add_resampling(program, _resampling(x, output_size), x, y)
    return y


def adaptive_avg_pool_gradient(
    program: Program, dy: Activation, x: Activation, y: Activation, *, output_size: Sequence[int]
) -> tuple[Activation | None]:
    """The gradient is spread evenly over each window."""
    if not x.wants_gradient:
        return (None,)
    dx = program.activation("average pool gradient", x.channels, x.space)
    add_resampling(program, _resampling(x, output_size).adjoint, dy, dx)
    return (dx,)
