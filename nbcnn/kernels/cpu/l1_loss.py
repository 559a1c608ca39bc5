"""Mean absolute error."""

from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.elementwise import formula
from nbcnn.kernels.cpu.families.pair_losses import add_pair_loss, add_pair_loss_gradient
from nbcnn.kernels.cpu.families.targets import Target
from nbcnn.kernels.cpu.language.vector import absolute, filled, where
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

_f = np.float32


@formula("l1_loss")
def _loss(x: Any, target: Any) -> Any:
    return absolute(x - target)


@formula("l1_loss_gradient")
def _slope(x: Any, target: Any) -> Any:
    # The difference itself where it is 0 or not a number.
    difference = x - target
    negative = where(difference < filled(x, _f(0.0)), filled(x, _f(-1.0)), difference)
    return where(difference > filled(x, _f(0.0)), filled(x, _f(1.0)), negative)


def l1_loss(program: Program, x: Activation, target: Target) -> Activation:
    """The numbers of the target; each sample's loss goes to its scores."""
    return add_pair_loss(program, "l1_loss", x, target)


def l1_loss_gradient(program: Program, dy: float, x: Activation, y: Activation, target: Target) -> tuple[Activation]:
    """The sign of x - target over the count of numbers; y is the target's numbers."""
    return (add_pair_loss_gradient(program, "l1_loss_gradient", dy, x, y),)
