"""Softmax cross-entropy with class numbers, averaged over all that count in the batch."""

from nbcnn.kernels.cpu.class_losses import add_class_loss, add_class_loss_gradient
from nbcnn.kernels.cpu.program import Activation, Array, Program
from nbcnn.kernels.cpu.targets import Target


def cross_entropy(
    program: Program,
    logits: Activation,
    target: Target,
    weight: Array | None,
    *,
    ignore_index: int,
    label_smoothing: float,
) -> Activation:
    """Softmax of logits; each sample's loss goes to the target's scores."""
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
    """Softmax times what all classes count, less what each counts, over the divisor; y is the softmax."""
    return (add_class_loss_gradient(program, dy, y, target, weight, True, ignore_index, label_smoothing),)
