"""Mean squared error."""

from typing import Any

from nbcnn.kernels.cpu.families.elementwise import formula
from nbcnn.kernels.cpu.families.pair_losses import add_pair_loss, add_pair_loss_gradient
from nbcnn.kernels.cpu.families.targets import Target
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


@formula("mse_loss")
def _loss(x: Any, target: Any) -> Any:
    return (x - target) * (x - target)


@formula("mse_loss_gradient")
def _slope(x: Any, target: Any) -> Any:
    return (x - target) + (x - target)


def mse_loss(program: Program, x: Activation, target: Target) -> Activation:
    """The numbers of the target; each sample's loss goes to its scores."""
    return add_pair_loss(program, "mse_loss", x, target)


def mse_loss_gradient(program: Program, dy: float, x: Activation, y: Activation, target: Target) -> tuple[Activation]:
    """2 (x - target) over the count of numbers; y is the target's numbers."""
    return (add_pair_loss_gradient(program, "mse_loss_gradient", dy, x, y),)
