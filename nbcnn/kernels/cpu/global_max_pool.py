"""Global maximum pooling: one window over all of a channel."""

from nbcnn.kernels.cpu.adaptive_max_pool import adaptive_max_pool, adaptive_max_pool_gradient
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


def global_max_pool(program: Program, x: Activation) -> Activation:
    """The largest value of each channel."""
    return adaptive_max_pool(program, x, output_size=(1, 1, 1))


def global_max_pool_gradient(
    program: Program, dy: Activation, x: Activation, y: Activation
) -> tuple[Activation | None]:
    """The gradient goes to the first maximum of each channel."""
    return adaptive_max_pool_gradient(program, dy, x, y, output_size=(1, 1, 1))
