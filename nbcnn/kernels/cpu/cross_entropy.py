"""Softmax cross-entropy with class numbers or probabilities, averaged over all that count in the batch."""

from nbcnn.kernels.cpu.families.class_losses import add_class_loss, add_class_loss_gradient
from nbcnn.kernels.cpu.families.probability_losses import add_probability_loss, add_probability_loss_gradient
from nbcnn.kernels.cpu.families.targets import Target
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


def cross_entropy(
    program: Program,
    logits: Activation,
    target: Target,
    weight: Array | None,
    *,
    ignore_index: int,
    label_smoothing: float,
) -> Activation:
    """Softmax of logits, or for probabilities the logits' slopes; each sample's loss goes to the target's scores."""
    if target.numbers:
        return add_probability_loss(program, logits, target, weight, label_smoothing)
    return add_class_loss(program, logits, target, weight, True, ignore_index, label_smoothing)


def cross_entropy_gradient(
    program: Program,
    dy: float,
    logits: Activation,
    y: Activation,
    target: Target,
    weight: Array | None,
    *,
    ignore_index: int,
    label_smoothing: float,
) -> tuple[Activation]:
    """Softmax times what all classes count, less what each counts, over the divisor; y is what the way there left."""
    if target.numbers:
        return (add_probability_loss_gradient(program, dy, y),)
    return (add_class_loss_gradient(program, dy, y, target, weight, True, ignore_index, label_smoothing),)
