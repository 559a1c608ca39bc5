"""Negative log-likelihood of class numbers, averaged over all that count in the batch."""

from nbcnn.kernels.cpu.class_losses import add_class_loss, add_class_loss_gradient
from nbcnn.kernels.cpu.program import Activation, Array, Program
from nbcnn.kernels.cpu.targets import Target


def nll_loss(
    program: Program, log_probabilities: Activation, target: Target, weight: Array | None, *, ignore_index: int
) -> Activation:
    """The log-probabilities as they are; each sample's loss goes to the target's scores."""
    return add_class_loss(program, log_probabilities, target, weight, False, ignore_index, 0.0)


def nll_loss_gradient(
    program: Program,
    dy: float,
    log_probabilities: Activation,
    y: Activation,
    target: Target,
    weight: Array | None,
    *,
    ignore_index: int,
) -> tuple[Activation]:
    """Less the weight of the true class, over the divisor."""
    return (add_class_loss_gradient(program, dy, y, target, weight, False, ignore_index, 0.0),)
