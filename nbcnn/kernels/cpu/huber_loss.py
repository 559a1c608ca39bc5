"""Huber's loss: squared where the error is small, absolute beyond."""

from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.elementwise import formula
from nbcnn.kernels.cpu.families.pair_losses import add_pair_loss, add_pair_loss_gradient
from nbcnn.kernels.cpu.families.targets import Target
from nbcnn.kernels.cpu.language.vector import absolute, filled, where
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

_f = np.float32


@formula("huber_loss")
def _loss(x: Any, target: Any, delta: Any) -> Any:
    error, half, limit = absolute(x - target), filled(x, _f(0.5)), filled(x, delta)
    return where(error > limit, limit * (error - half * limit), half * error * error)


@formula("huber_loss_gradient")
def _slope(x: Any, target: Any, delta: Any) -> Any:
    difference, limit, lowest = x - target, filled(x, delta), filled(x, -delta)
    return where(difference > limit, limit, where(difference < lowest, lowest, difference))


def huber_loss(program: Program, x: Activation, target: Target, *, delta: float) -> Activation:
    """The numbers of the target; each sample's loss goes to its scores."""
    return add_pair_loss(program, "huber_loss", x, target, delta)


def huber_loss_gradient(
    program: Program, dy: float, x: Activation, y: Activation, target: Target, *, delta: float
) -> tuple[Activation]:
    """x - target, at most delta in size, over the count of numbers; y is the target's numbers."""
    return (add_pair_loss_gradient(program, "huber_loss_gradient", dy, x, y, delta),)
