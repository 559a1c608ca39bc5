"""Softmax cross-entropy with class numbers, averaged over all that count in the batch."""

from nbcnn.kernels.cpu.families.class_losses import add_class_loss, add_class_loss_gradient
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
