"""Global average pooling: one window over all of a channel."""

from nbcnn.kernels.cpu.adaptive_avg_pool import adaptive_avg_pool, adaptive_avg_pool_gradient
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


def global_avg_pool(program: Program, x: Activation) -> Activation:
    """The mean of each channel."""
    return adaptive_avg_pool(program, x, output_size=(1, 1, 1))


def global_avg_pool_gradient(
    program: Program, dy: Activation, x: Activation, y: Activation
) -> tuple[Activation | None]:
    """The gradient is spread evenly over each channel."""
    return adaptive_avg_pool_gradient(program, dy, x, y, output_size=(1, 1, 1))
