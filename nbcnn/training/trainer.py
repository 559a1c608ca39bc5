"""One update of a model's weights after the other: the step that every training loop repeats."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nbcnn.errors import InputError, WeightsError
from nbcnn.kernels.cpu.compiling import OnCompile
from nbcnn.model import Model, as_inputs
from nbcnn.plan.lowering import Update, lower_training
from nbcnn.plan.operations import state_names
from nbcnn.plan.plan import Plan
from nbcnn.spec import parse_optimizer

LOSSES = ("cross_entropy",)
_INPUT_TYPES = (np.dtype(np.uint8), np.dtype(np.float32))
_TARGET_TYPES = (np.dtype(np.int64),)


class Trainer:
    """Updates `model` in place, batch by batch, with one loss and one optimiser.

    `optimizer` is a table as in a spec, {"type": "sgd", "lr": 0.1}. `learning_rate` may be set between steps; `steps`
    counts the updates done. `batch_size` is the largest batch to come; a larger one makes a new plan. Raises InputError
    for a loss or an optimiser that does not exist.
    """

    def __init__(
        self,
        model: Model,
        loss: str = "cross_entropy",
        optimizer: Mapping[str, Any] | None = None,
        batch_size: int | None = None,
        seed: int = 0,
        on_compile: OnCompile | None = None,
    ) -> None:
        if loss not in LOSSES:
            raise InputError(f"loss = {loss!r}: one of {', '.join(LOSSES)} is expected; choose one of these")
        if len(model.network.output_shape) != 1:
            raise InputError(
                f"loss = {loss!r}: an output of shape (classes,) is expected, the network gives "
                f"{model.network.output_shape}; end with flatten and linear"
            )
        if batch_size is not None and batch_size < 1:
            raise InputError(f"batch_size = {batch_size}: at least 1 is expected; give the largest batch to come")
        settings = parse_optimizer(optimizer or {"type": "adam"}).model_dump()
        self.model = model
        self.loss = loss
        self.steps = 0
        self.seed = seed
        self._optimizer: str = settings.pop("type")
        self.learning_rate: float = settings.pop("lr")
        self._settings = settings
        self._state = {
            name: {key: np.zeros_like(value) for key, value in model.parameters.items()}
            for name in state_names(self._optimizer)
        }
        self._on_compile = on_compile
        self._plan: Plan | None = None
        if batch_size is not None:
            self._planned(batch_size)

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle takes along: all but the plan, which holds addresses, and the caller's function."""
        return self.__dict__ | {"_plan": None, "_on_compile": None}

    def _planned(self, samples: int) -> Plan:
        if self._plan is None or samples > self._plan.program.samples:
            update = Update(self._optimizer, self._settings, self._state)
            model = self.model
            program = lower_training(model.network, samples, model.parameters, model.input_scale, self.loss, update)
            self._plan = Plan(program, self._on_compile)
        return self._plan

    def step(self, x: ArrayLike, y: ArrayLike) -> float:
        """Update the weights once on the batch x (N, C, *space), y (N,); returns its mean loss before the update.

        Raises InputError for wrong shapes, and for class numbers out of range before anything is changed.
        """
        inputs = as_inputs(x, self.model.network.input_shape, "x")
        targets = _class_numbers(y, len(inputs), self.model.network.output_shape[0])
        loss_sum, _ = self.step_batch(inputs, targets, np.arange(len(inputs), dtype=np.int64))
        return loss_sum / len(inputs)

    def step_batch(self, inputs: np.ndarray, targets: np.ndarray, indices: np.ndarray) -> tuple[float, int]:
        """Update the weights once on samples `indices` (int64) of a whole data set.

        `inputs` is C-contiguous uint8 or float32 of the network's input shape, `targets` C-contiguous int64, one for
        each of the inputs, and within range (a class number out of range gives a loss that is not a number). Returns
        the sum of the batch's losses before the update and how many of its samples were right. Raises InputError for
        other arrays and for indices out of range.
        """
        _refuse_unreadable("inputs", inputs, (len(inputs), *self.model.network.input_shape), _INPUT_TYPES)
        _refuse_unreadable("targets", targets, (len(inputs),), _TARGET_TYPES)
        indices = np.ascontiguousarray(indices, dtype=np.int64)
        count = len(indices)
        if count == 0 or indices.min() < 0 or indices.max() >= len(inputs):
            raise InputError(f"indices: numbers from 0 to {len(inputs) - 1} are expected, at least one")
        plan = self._planned(count)
        scores = np.empty((count, 2), dtype=np.float32)
        ports = {"input": inputs, "labels": targets, "indices": indices, "scores": scores}
        plan.run(count, ports, step=self.steps + 1, seed=self.seed, learning_rate=self.learning_rate)
        self.steps += 1
        loss_sum, correct = scores.sum(axis=0, dtype=np.float64)
        return float(loss_sum), int(correct)

    def state(self) -> dict[str, np.ndarray]:
        """Copies of the optimiser's arrays, by "exp_avg/conv1.weight"."""
        return {f"{name}/{key}": array.copy() for name, arrays in self._state.items() for key, array in arrays.items()}

    def load_state(self, state: Mapping[str, np.ndarray], steps: int) -> None:
        """Go on from arrays that `state` gave after `steps` updates; raises WeightsError where they do not fit."""
        own = {f"{name}/{key}": array for name, arrays in self._state.items() for key, array in arrays.items()}
        if state.keys() != own.keys():
            different = sorted(state.keys() ^ own.keys())[0]
            raise WeightsError(
                f"optimiser state: {len(own)} arrays of {self._optimizer} are expected, received {len(state)}, "
                f"{different} being one that differs; resume with the optimiser that the run began with"
            )
        for name, array in own.items():
            if state[name].shape != array.shape:
                raise WeightsError(
                    f"optimiser state: {name} of shape {array.shape} is expected, received {state[name].shape}"
                )
        for name, array in own.items():
            array[...] = state[name]
        self.steps = steps


def _class_numbers(y: ArrayLike, samples: int, classes: int) -> NDArray[np.int64]:
    """y as one int64 from 0 to classes - 1 for each sample; raises InputError."""
    array = np.asarray(y)
    if array.shape != (samples,) or not samples:
        raise InputError(f"y: one class number for each of {samples} samples is expected, received shape {array.shape}")
    if array.dtype.kind not in "iub":
        raise InputError(f"y: class numbers are expected as integers, received {array.dtype}; use .astype(int)")
    if not 0 <= array.min() <= array.max() < classes:
        raise InputError(
            f"y: class numbers from 0 to {classes - 1} are expected, received {array.min()} to {array.max()}; "
            "the last layer has one output per class"
        )
    return np.ascontiguousarray(array, dtype=np.int64)


def _refuse_unreadable(name: str, array: np.ndarray, shape: tuple[int, ...], types: tuple[np.dtype[Any], ...]) -> None:
    """Kernels read by address: what they take for numbers must be there. Raises InputError."""
    if array.shape != shape or array.dtype not in types or not array.flags.c_contiguous:
        layout = "" if array.flags.c_contiguous else " with gaps"
        raise InputError(
            f"{name}: a contiguous array of shape {shape} and type {' or '.join(map(str, types))} is expected, "
            f"received shape {array.shape} of {array.dtype}{layout}; convert it with numpy.ascontiguousarray"
        )
