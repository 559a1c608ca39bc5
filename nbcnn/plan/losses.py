"""Where a network's output meets the targets: the scores of every sample, and the gradient that starts the way back."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from nbcnn import spec as losses
from nbcnn.errors import InputError
from nbcnn.kernels.cpu.families.targets import add_target
from nbcnn.kernels.cpu.families.transfer import add_emit
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation, Section
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.plan.operations import forward_of, gradient_of, parameter_names


class Loss(NamedTuple):
    """What training makes small: a loss by the name of its operation, its settings, and its arrays but the targets.

    Targets are class numbers, unless it is `of_numbers`.
    """

    operation: str
    settings: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray] = {}
    of_numbers: bool = False


def planned_loss(loss: losses.Loss, class_probabilities: bool) -> Loss:
    """A spec's loss as plans take it; cross-entropy with `class_probabilities` or with class numbers as targets."""
    weight = class_weights(loss)
    of_numbers = class_probabilities or not isinstance(loss, losses.CrossEntropy)
    return Loss(loss.type, loss.settings, {} if weight is None else {"weight": weight}, of_numbers)


def class_weights(loss: losses.Loss) -> np.ndarray | None:
    """How much a target of each class counts, where they do not all count the same.

    Raises InputError for balanced weights, which only training data can tell.
    """
    if not isinstance(loss, losses.CrossEntropy) or loss.weight is None:
        return None
    if loss.weight == "balanced":
        raise InputError(
            'loss: weight = "balanced" is computed from the data when a run or `fit` begins; give numbers here, such '
            "as those in the run's spec.json"
        )
    return np.array(loss.weight, dtype=np.float32)


def add_loss(program: Program, loss: Loss, output: Activation) -> Activation:
    """Compare `output` with the batch at ports `target` and `indices`; `scores` gets three numbers a sample.

    Returns the gradient of the batch's loss.
    """
    program.section = Section("loss")
    target = add_target(program, numbers=loss.of_numbers)
    _, *names = parameter_names(loss.operation)
    arrays = [
        Array(name, loss.arrays[name].shape, external=loss.arrays[name]) if name in loss.arrays else None
        for name in names
    ]
    y = forward_of(loss.operation)(program, output, target, *arrays, **loss.settings)
    add_emit(program, program.port("scores"), target.scores)
    dy: Activation
    (dy,) = gradient_of(loss.operation)(program, 1.0, output, y, target, *arrays, **loss.settings)
    return dy
