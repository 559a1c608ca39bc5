"""One update of a model's weights after the other: the step that every training loop repeats."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nbcnn.compiled import as_inputs
from nbcnn.data import checked_targets
from nbcnn.errors import InputError
from nbcnn.kernels.cpu.compiling.compiling import OnCompile
from nbcnn.kernels.cpu.families.targets import SCORES
from nbcnn.model import Model
from nbcnn.plan.losses import planned_loss
from nbcnn.plan.lowering import lower_training
from nbcnn.plan.plan import Plan
from nbcnn.plan.updating import Average
from nbcnn.spec import Loss, Train, parse_ema, parse_loss, parse_optimizer
from nbcnn.training.averaging import averaging, learnt
from nbcnn.training.divergence import Fault, NotFinite, first_fault
from nbcnn.training.losses import wanted_targets
from nbcnn.training.optimizer import Optimizer

NON_FINITE = ("stop", "skip")
_INPUT_TYPES = (np.dtype(np.uint8), np.dtype(np.float32))


def arguments_of(settings: Train) -> dict[str, Any]:
    """The keyword arguments of a trainer that does what a spec's `[train]` table says."""
    return {
        "loss": settings.loss,
        "optimizer": settings.optimizer.model_dump(),
        "seed": settings.seed,
        "clip_grad_norm": settings.clip_grad_norm,
        "clip_grad_value": settings.clip_grad_value,
        "shared_gradients": settings.shared_gradients,
        "accumulation_steps": settings.accumulation_steps,
        "ema": settings.ema.model_dump() if settings.ema else None,
        "non_finite": settings.non_finite,
        "max_skips": settings.max_skips,
    }


class Trainer:
    """Updates `model` in place, batch by batch, with one loss and one optimiser.

    `loss` is a name or a table as in a spec, {"type": "huber_loss", "delta": 0.5}, and `optimizer` such a table,
    {"type": "sgd", "lr": 0.1}. `learning_rate` may be set between steps, and layers with one of their own follow in
    proportion; `steps` counts the steps done. `batch_size` is the largest batch to come; a larger one makes a new
    plan. With `accumulation_steps` = k, every k batches make one update, by the mean of their gradients. With `ema`, a
    table as the spec's, {"decay": 0.999}, `averaged` is a model of the weights' running averages, which shares all else
    with `model`. A step whose loss or gradients are not finite numbers changes nothing: with `non_finite` = "stop" it
    raises DivergenceError, which says where they come up first; with "skip" it is left out, as PyTorch's GradScaler
    does, and `skipped` counts it, but the `max_skips`-th in a row raises that error. `clip_grad_value`,
    `clip_grad_norm` and `shared_gradients` are the spec's. With `class_probabilities` the targets of cross-entropy hold
    the probability of each class, (N, C, *space), in the place of class numbers, and an answer is right where it is the
    class with the largest. Raises InputError for a loss, an optimiser or a setting that does not exist.
    """

    def __init__(
        self,
        model: Model,
        loss: str | Mapping[str, Any] | Loss = "cross_entropy",
        optimizer: Mapping[str, Any] | None = None,
        batch_size: int | None = None,
        seed: int = 0,
        on_compile: OnCompile | None = None,
        *,
        clip_grad_norm: float | None = None,
        clip_grad_value: float | None = None,
        shared_gradients: str = "sum",
        accumulation_steps: int = 1,
        ema: Mapping[str, Any] | None = None,
        non_finite: str = "stop",
        max_skips: int = 10,
        class_probabilities: bool = False,
    ) -> None:
        if batch_size is not None and batch_size < 1:
            raise InputError(f"batch_size = {batch_size}: at least 1 is expected; give the largest batch to come")
        if non_finite not in NON_FINITE:
            expected = " or ".join(map(repr, NON_FINITE))
            raise InputError(f"non_finite = {non_finite!r}: {expected} is expected; choose one of these")
        if max_skips < 1:
            raise InputError(f"max_skips = {max_skips}: at least 1 is expected; leave it out for 10")
        table = parse_optimizer(optimizer or {"type": "adam"})
        self.model = model
        self.loss = loss if isinstance(loss, Loss) else parse_loss(loss)
        self.loss.check(model.network.output_shape)
        self._planned_loss = planned_loss(self.loss, class_probabilities)
        self._targets = wanted_targets(self.loss, model.network.output_shape, class_probabilities)
        self.steps = self.skipped = self.skipped_in_a_row = 0
        self.seed = seed
        self._most_in_a_row = 1 if non_finite == "stop" else max_skips
        # Running statistics, and what they were before the batches since the last update.
        self._statistics = [(values, values.copy()) for values in model.buffers.values()]
        self._spoilt = False
        self.learning_rate: float = table.lr
        self.averaged: Model | None = None
        average = None
        if ema is not None:
            settings = parse_ema(ema)
            self.averaged = averaging(model)
            average = Average(learnt(self.averaged), settings.decay, settings.warmup)
        self._optimizer = Optimizer(
            table, model.network, clip_grad_norm, clip_grad_value, shared_gradients, accumulation_steps, average
        )
        self._accumulation_steps = accumulation_steps
        # Of the batches since the last update.
        self._batches = self._samples = 0
        self._on_compile = on_compile
        self._plan: Plan | None = None
        if batch_size is not None:
            self.planned(batch_size)

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle takes along: all but the plan, which holds addresses, and the caller's function."""
        return self.__dict__ | {"_plan": None, "_on_compile": None}

    def planned(self, samples: int) -> Plan:
        """The plan that updates on so many samples, or on fewer."""
        if self._plan is None or samples > self._plan.program.samples:
            update = self._optimizer.update
            model = self.model
            program = lower_training(
                model.network,
                samples,
                model.parameters,
                model.buffers,
                model.input_scale,
                self._planned_loss,
                update,
            )
            self._plan = Plan(program, self._on_compile)
        return self._plan

    def step(self, x: ArrayLike, y: ArrayLike, *, last: bool = False) -> float:
        """Update the weights on the batch x (N, C, *space), y; returns its mean loss before the update.

        Of batches that make an update together it is the last one that does so, or one that is called `last`.
        y holds class numbers (N,), or (N, *space) where the network gives classes for each pixel, or for a loss that
        compares numbers as many as the network gives, (N, C, *space). Raises InputError for wrong shapes, and for
        values out of range, and DivergenceError where the loss or a gradient is not finite, before anything is changed.
        """
        inputs = as_inputs(x, self.model.network.input_shape, "x")
        targets = checked_targets(np.asarray(y), len(inputs), self._targets, "y")
        loss_sum, _, _ = self.step_batch(inputs, targets, np.arange(len(inputs), dtype=np.int64), last=last)
        return loss_sum / len(inputs)

    def step_batch(
        self, inputs: np.ndarray, targets: np.ndarray, indices: np.ndarray, *, last: bool = False
    ) -> tuple[float, int, int]:
        """Update the weights on samples `indices` (int64) of a whole data set, as `step` does.

        `inputs` is C-contiguous uint8 or float32 of the network's input shape, `targets` C-contiguous, for each of the
        inputs what `step` takes, class numbers as int64 and within range (one out of range gives a loss that is not a
        number), other numbers as float32. Returns the mean loss before the update times the batch's samples, how many
        answers were right, and how many there were: 0 for a loss without right and wrong. Raises InputError for other
        arrays and for indices out of range, and DivergenceError as `step` does.
        """
        _refuse_unreadable("inputs", inputs, (len(inputs), *self.model.network.input_shape), _INPUT_TYPES)
        _refuse_unreadable("targets", targets, (len(inputs), *self._targets.shape), (self._targets.dtype,))
        indices = np.ascontiguousarray(indices, dtype=np.int64)
        count = len(indices)
        # As numbers without a sign, those below 0 are the largest.
        if count == 0 or indices.view(np.uint64).max() >= len(inputs):
            raise InputError(f"indices: numbers from 0 to {len(inputs) - 1} are expected, at least one")
        self.model.network.refuse_batch(count, "batch")
        plan = self.planned(count)
        scores = np.empty((count, SCORES), dtype=np.float32)
        ports = {"input": inputs, "target": targets, "indices": indices, "scores": scores}
        self._optimizer.set_learning_rate(self.learning_rate)
        if self._batches == 0:
            for values, before in self._statistics:
                before[...] = values
        batch = self._batches + 1
        updates = last or batch >= self._accumulation_steps
        step = self.steps * self._accumulation_steps + batch
        held_back = plan.run(
            count,
            ports,
            step=step,
            seed=self.seed,
            learning_rate=self.learning_rate,
            # Those that were left out have not been.
            update=self.steps - self.skipped + 1,
            samples_before=self._samples,
            updates=updates,
            not_finite=self._spoilt,
        )
        loss_sum, correct, counted = scores.sum(axis=0, dtype=np.float64)
        self._spoilt = held_back or not math.isfinite(loss_sum)
        if self._spoilt and self.skipped_in_a_row + 1 >= self._most_in_a_row:
            self._leave_out()
            fault = first_fault(
                self.model,
                plan,
                inputs,
                targets,
                indices,
                float(loss_sum) / count,
                wanted=self._targets,
                step=step,
                seed=self.seed,
            )
            raise self._not_finite(fault)
        if not updates:
            self._batches, self._samples = batch, self._samples + count
        elif self._spoilt:
            self._leave_out()
            self.steps, self.skipped = self.steps + 1, self.skipped + 1
            self.skipped_in_a_row += 1
        else:
            self.steps += 1
            self._batches = self._samples = self.skipped_in_a_row = 0
        return float(loss_sum), int(correct), int(counted)

    def _leave_out(self) -> None:
        """Begin the next update as this one began: nothing of its batches stays."""
        for values, before in self._statistics:
            values[...] = before
        self._batches = self._samples = 0
        self._spoilt = False

    def _not_finite(self, fault: Fault) -> NotFinite:
        in_a_row = self.skipped_in_a_row + 1
        what = fault.what if in_a_row == 1 else f"{fault.what}; {in_a_row - 1} steps before it were left out"
        return NotFinite(what, self.steps + 1, fault.cure)

    def state(self) -> dict[str, np.ndarray]:
        """Copies of the optimiser's arrays, by "exp_avg/conv1.weight", and of averages, by "average/conv1.weight".

        Gradients of batches that no update has used are not among them.
        """
        return self._optimizer.state()

    def load_state(
        self, state: Mapping[str, np.ndarray], steps: int, skipped: int = 0, skipped_in_a_row: int = 0
    ) -> None:
        """Go on from arrays that `state` gave after `steps` steps, of which `skipped` were left out.

        Raises WeightsError where they do not fit.
        """
        self._optimizer.load_state(state)
        self.steps, self.skipped, self.skipped_in_a_row = steps, skipped, skipped_in_a_row
        self._batches = self._samples = 0
        self._spoilt = False


def _refuse_unreadable(name: str, array: np.ndarray, shape: tuple[int, ...], types: tuple[np.dtype[Any], ...]) -> None:
    """Kernels read by address: what they take for numbers must be there. Raises InputError."""
    if array.shape != shape or array.dtype not in types or not array.flags.c_contiguous:
        layout = "" if array.flags.c_contiguous else " with gaps"
        raise InputError(
            f"{name}: a contiguous array of shape {shape} and type {' or '.join(map(str, types))} is expected, "
            f"received shape {array.shape} of {array.dtype}{layout}; convert it with numpy.ascontiguousarray"
        )
