"""Negative log-likelihood of class numbers, averaged over all that count in the batch."""

from nbcnn.kernels.cpu.families.class_losses import add_class_loss, add_class_loss_gradient
from nbcnn.kernels.cpu.families.targets import Target
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


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
