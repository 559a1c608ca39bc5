"""Maximum pooling; ties go to the first maximum, padding never wins, not-a-number stays."""

from collections.abc import Sequence

from nbcnn.kernels.cpu.families.extremes import LARGEST, add_extremes, add_extremes_gradient
from nbcnn.kernels.cpu.families.pooling import Windows
from nbcnn.kernels.cpu.families.windows import Window
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


def max_pool(
    program: Program,
    x: Activation,
    *,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    ceil_mode: bool,
) -> Activation:
    """The largest value of each window."""
    window = Window.of(kernel_size, stride, padding, dilation)
    outputs = window.outputs(x.space, padding, ceil_mode)
    return add_extremes(program, x, Windows.sliding(window, x.space, outputs), outputs, LARGEST)


def max_pool_gradient(
    program: Program,
    dy: Activation,
    x: Activation,
    y: Activation,
    *,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    ceil_mode: bool,
) -> tuple[Activation | None]:
    """The gradient goes to the first maximum of each window."""
    window = Window.of(kernel_size, stride, padding, dilation)
    return add_extremes_gradient(program, dy, x, y, Windows.sliding(window, x.space, y.space))
