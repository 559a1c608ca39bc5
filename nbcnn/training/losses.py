"""What each loss of a spec asks of the targets, of the kernels and of an evaluation."""

import math

import numpy as np
from numpy.typing import NDArray

from nbcnn import functional
from nbcnn.data import ClassNumbers, Numbers, Wanted
from nbcnn.kernels.reference.softmax import softmax
from nbcnn.plan.losses import class_weights
from nbcnn.spec import BinaryCrossEntropyWithLogits, CrossEntropy, Loss


def wanted_targets(loss: Loss, output_shape: tuple[int, ...], class_probabilities: bool = False) -> Wanted:
    """What the targets of a network with this output, (channels, *space), must be.

    With `class_probabilities` cross-entropy takes these, and no class numbers.
    """
    match loss:
        case CrossEntropy() if class_probabilities:
            return Numbers(output_shape, 0.0, 1.0)
        case CrossEntropy():
            return ClassNumbers(output_shape[0], output_shape[1:], loss.ignore_index)
        case BinaryCrossEntropyWithLogits():
            return Numbers(output_shape, 0.0, 1.0)
        case _:
            return Numbers(output_shape, -math.inf, math.inf)


def probabilities(loss: Loss, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """What outputs (N, channels, *space) say: by cross-entropy the softmax, by a binary one the sigmoid of them."""
    match loss:
        case CrossEntropy():
            return softmax(outputs.astype(np.float64)).astype(np.float32)
        case BinaryCrossEntropyWithLogits():
            return np.exp(-np.logaddexp(0.0, -outputs.astype(np.float64))).astype(np.float32)
        case _:
            return outputs


def summed_loss(loss: Loss, outputs: NDArray[np.float32], targets: NDArray[np.generic]) -> tuple[float, float]:
    """The loss of a part of a data set times what its targets count, and what they count.

    So that the sums of all parts, one divided by the other, are the loss of the whole. Where nothing counts both are 0.
    """
    settings, weight = dict(loss.settings), class_weights(loss)
    count = float(outputs.size)
    if isinstance(loss, CrossEntropy):
        counted = targets[targets != loss.ignore_index]
        count = float(counted.size if weight is None else weight[counted].sum(dtype=np.float64))
        settings["weight"] = weight
    if count == 0.0:
        return 0.0, 0.0
    return float(getattr(functional, loss.type)(outputs, targets, **settings)) * count, count
