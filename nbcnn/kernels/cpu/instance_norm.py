"""Instance normalisation: each channel of each sample by itself, which is a group for every channel."""

from nbcnn.kernels.cpu.families.sums import PartialSums
from nbcnn.kernels.cpu.group_norm import group_norm, group_norm_gradient
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


def instance_norm(
    program: Program, x: Activation, weight: Array | None, bias: Array | None, *, eps: float
) -> Activation:
    """Each channel less its mean, over its deviation, times weight plus bias."""
    return group_norm(program, x, weight, bias, num_groups=x.channels, eps=eps)


def instance_norm_gradient(
    program: Program,
    dy: Activation,
    x: Activation,
    y: Activation,
    weight: Array | None,
    bias: Array | None,
    *,
    eps: float,
) -> tuple[Activation | None, PartialSums | None, PartialSums | None]:
    """Gradients with respect to x (where it is wanted), weight and bias."""
    return group_norm_gradient(program, dy, x, y, weight, bias, num_groups=x.channels, eps=eps)
