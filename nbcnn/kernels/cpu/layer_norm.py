"""Layer normalisation: each sample over some of its axes, with a weight for every number along them."""

from nbcnn.kernels.cpu.families.normalising import Sets, add_normalisation, add_normalisation_gradient
from nbcnn.kernels.cpu.families.sums import PartialSums
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


def _sets(x: Activation, axes: tuple[int, ...]) -> Sets:
    """Axis 1 is the channels, all of which are one group; -1 to -3 are columns to depth."""
    together = (False, 1 in axes, -3 in axes, -2 in axes, -1 in axes)
    return Sets((1, x.channels, *x.space), together, together)


def layer_norm(
    program: Program, x: Activation, weight: Array | None, bias: Array | None, *, axes: tuple[int, ...], eps: float
) -> Activation:
    """Each sample less its mean over `axes`, over its deviation, times weight plus bias."""
    return add_normalisation(program, x, weight, bias, _sets(x, axes), eps)


def layer_norm_gradient(
    program: Program,
    dy: Activation,
    x: Activation,
    y: Activation,
    weight: Array | None,
    bias: Array | None,
    *,
    axes: tuple[int, ...],
    eps: float,
) -> tuple[Activation | None, PartialSums | None, PartialSums | None]:
    """Gradients with respect to x (where it is wanted), weight and bias."""
    return add_normalisation_gradient(program, dy, x, y, weight, bias, _sets(x, axes))
