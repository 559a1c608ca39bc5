"""Dropout of single numbers."""

from nbcnn.kernels.cpu.families.dropping import add_drop
from nbcnn.kernels.cpu.program.calls import Activation, Argument
from nbcnn.kernels.cpu.program.program import Program


def dropout(program: Program, x: Activation, *, p: float, seed: Argument, step: Argument, salt: int) -> Activation:
    """Zero a share p of x and divide the rest by 1 - p."""
    return add_drop(program, x, numbers_per_feature=1, p=p, seed=seed, step=step, salt=salt)


def dropout_gradient(
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
    """The same numbers are kept of dy."""
    return (add_drop(program, dy, numbers_per_feature=1, p=p, seed=seed, step=step, salt=salt),)
