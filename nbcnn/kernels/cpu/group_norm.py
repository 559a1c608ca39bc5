"""Group normalisation: each sample over the positions and channels of each group, with a weight a channel."""

from nbcnn.kernels.cpu.families.normalising import Sets, add_normalisation, add_normalisation_gradient
from nbcnn.kernels.cpu.families.sums import PartialSums
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


def sets_of_groups(x: Activation, groups: int) -> Sets:
    """The numbers of each group of channels together; weights by channel."""
    sizes = (groups, x.channels // groups, *x.space)
    return Sets(sizes, (False, True, True, True, True), (True, True, False, False, False))


def group_norm(
    program: Program, x: Activation, weight: Array | None, bias: Array | None, *, num_groups: int, eps: float
) -> Activation:
    """Each group less its mean, over its deviation, times weight plus bias."""
    return add_normalisation(program, x, weight, bias, sets_of_groups(x, num_groups), eps)


def group_norm_gradient(
    program: Program,
    dy: Activation,
    x: Activation,
    y: Activation,
    weight: Array | None,
    bias: Array | None,
    *,
    num_groups: int,
    eps: float,
) -> tuple[Activation | None, PartialSums | None, PartialSums | None]:
    """Gradients with respect to x (where it is wanted), weight and bias."""
    return add_normalisation_gradient(program, dy, x, y, weight, bias, sets_of_groups(x, num_groups))
