"""Numbers that are not finite: how a training says so, and where in a step they come up first."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nbcnn.data import ClassNumbers, Wanted
from nbcnn.errors import DivergenceError
from nbcnn.model import Model
from nbcnn.plan.outputs import outputs_in_training
from nbcnn.plan.plan import Plan, array_view


class NotFinite(DivergenceError):
    """A loss, a gradient, a weight or a running statistic is not a finite number; `what` says which.

    `step` is the one at fault, counted from 1; `cure` is None where it is that of all trainings that diverge.
    """

    def __init__(self, what: str, step: int, cure: str | None = None) -> None:
        super().__init__(f"step {step}: {what}; {cure or 'lower the learning rate, or set clip_grad_norm'}")
        self.what, self.step, self.cure = what, step, cure


class Fault(NamedTuple):
    """What is not finite, and, where it is not the training's fault, what helps."""

    what: str
    cure: str | None = None


def refuse_not_finite(model: Model, step: int) -> None:
    """Raise NotFinite, unless all weights and running statistics are finite numbers after so many steps."""
    fault = _fault_of_arrays(model)
    if fault is not None:
        raise NotFinite(fault.what, step)


def first_fault(
    model: Model,
    plan: Plan,
    inputs: np.ndarray,
    targets: np.ndarray,
    indices: NDArray[np.int64],
    loss: float,
    *,
    wanted: Wanted,
    step: int,
    seed: int,
) -> Fault:
    """The first that is not finite in a step that `plan` has just held back: the model is still as it was before.

    Looked through are weights, samples, the outputs of layers in the order of computing, the loss, and the gradients in
    the order of the way back.
    """
    fault = _fault_of_arrays(model) or _fault_of_samples(inputs, targets, indices, wanted)
    if fault is not None:
        return fault
    arrays = (model.network, model.parameters, model.buffers, model.input_scale)
    for node, output in outputs_in_training(*arrays, inputs, indices, step=step, seed=seed):
        if (share := _share(output)) is not None:
            return Fault(f"{_loss(loss)}: {node.name} is the first layer whose output is not finite, in {share}")
    if not np.isfinite(loss):
        return Fault(f"{_loss(loss)}, of outputs that are all finite")
    for key, gradient in plan.program.gradients.items():
        if (share := _share(array_view(plan.arena, gradient))) is not None:
            return Fault(f"{_loss(loss)} and {key} the first on the way back whose gradient is not finite, in {share}")
    return Fault(f"{_loss(loss)} and a running statistic would not be finite")


def _loss(loss: float) -> str:
    return f"the loss of a batch is {loss:g}"


def _fault_of_arrays(model: Model) -> Fault | None:
    for name, values in {**model.parameters, **model.buffers}.items():
        if (share := _share(values)) is not None:
            return Fault(f"{name} holds numbers that are not finite, {share}")
    return None


def _fault_of_samples(
    inputs: np.ndarray, targets: np.ndarray, indices: NDArray[np.int64], wanted: Wanted
) -> Fault | None:
    for name, values in (("inputs", inputs), ("targets", targets)):
        if values.dtype.kind == "f" and (number := _first(values, indices)) is not None:
            return Fault(f"sample {number} of the {name} holds numbers that are not finite", "leave it out")
    if isinstance(wanted, ClassNumbers):
        counted = targets[indices]
        counted = counted[counted != wanted.ignore_index]
        if counted.size == 0:
            what = f"no target of the batch counts, all are ignore_index (={wanted.ignore_index})"
            return Fault(what, 'leave such batches out, by non_finite = "skip" if need be')
        wrong = counted[(counted < 0) | (counted >= wanted.classes)]
        if wrong.size:
            return Fault(f"class numbers from 0 to {wanted.classes - 1} are expected, received {wrong[0]}", "mend it")
    return None


def _first(values: np.ndarray, indices: Iterable[int]) -> int | None:
    return next((int(number) for number in indices if not np.isfinite(values[number]).all()), None)


def _share(values: np.ndarray) -> str | None:
    """How many of the numbers are not finite, None where all are."""
    wrong = values.size - int(np.count_nonzero(np.isfinite(values)))
    return f"{wrong:,} of {values.size:,} numbers" if wrong else None
