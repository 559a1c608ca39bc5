"""Adaptive maximum pooling: as many windows as asked for; ties go to the first maximum, not-a-number stays."""

from collections.abc import Sequence

from nbcnn.kernels.cpu.families.extremes import LARGEST, add_extremes, add_extremes_gradient
from nbcnn.kernels.cpu.families.pooling import Windows
from nbcnn.kernels.cpu.families.windows import three_axes
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


def adaptive_max_pool(program: Program, x: Activation, *, output_size: Sequence[int]) -> Activation:
    """The largest value of each window."""
    outputs = three_axes(output_size)
    return add_extremes(program, x, Windows.adaptive(x.space, outputs), outputs, LARGEST)


def adaptive_max_pool_gradient(
    program: Program, dy: Activation, x: Activation, y: Activation, *, output_size: Sequence[int]
) -> tuple[Activation | None]:
    """The gradient goes to the first maximum of each window."""
    return add_extremes_gradient(program, dy, x, y, Windows.adaptive(x.space, y.space))
