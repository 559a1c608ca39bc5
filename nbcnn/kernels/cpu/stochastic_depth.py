"""Dropout of whole samples."""

from nbcnn.kernels.cpu.families.dropping import add_drop
from nbcnn.kernels.cpu.program.calls import Activation, Argument
from nbcnn.kernels.cpu.program.program import Program


def stochastic_depth(
    program: Program, x: Activation, *, p: float, seed: Argument, step: Argument, salt: int
) -> Activation:
    """Zero a share p of the samples and divide the rest by 1 - p."""
    return add_drop(program, x, numbers_per_feature=x.size, p=p, seed=seed, step=step, salt=salt)


def stochastic_depth_gradient(
    program: Program,
    dy: Activation,
    x: Activation,
    y: Activation,
    *,
    p: float,
    seed: Argument,
    step: Argument,
    salt: int,
) -> tuple[Activation]:
    """The same samples are kept of dy."""
    return (add_drop(program, dy, numbers_per_feature=x.size, p=p, seed=seed, step=step, salt=salt),)
