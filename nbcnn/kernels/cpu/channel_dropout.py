"""Dropout of whole channels."""

import math

from nbcnn.kernels.cpu.families.dropping import add_drop
from nbcnn.kernels.cpu.program.calls import Activation, Argument
from nbcnn.kernels.cpu.program.program import Program


def channel_dropout(
    program: Program, x: Activation, *, p: float, seed: Argument, step: Argument, salt: int
) -> Activation:
    """Zero a share p of the channels of every sample and divide the rest by 1 - p."""
    return add_drop(program, x, numbers_per_feature=math.prod(x.space), p=p, seed=seed, step=step, salt=salt)


def channel_dropout_gradient(
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
    """The same channels are kept of dy."""
    return (add_drop(program, dy, numbers_per_feature=math.prod(x.space), p=p, seed=seed, step=step, salt=salt),)
