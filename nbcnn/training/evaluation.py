"""How well a model does on a data set."""

import math
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.data import Dataset
from nbcnn.errors import DataError
from nbcnn.model import Model
from nbcnn.network import Network
from nbcnn.spec import BinaryCrossEntropyWithLogits, CrossEntropy, Data, Loss
from nbcnn.training.events import Compiling, Evaluating, OnEvent, ignore
from nbcnn.training.losses import summed_loss
from nbcnn.training.metrics import classes, numbers, scores
from nbcnn.training.samples import load_samples, named_splits
from nbcnn.training.threads import threads as using_threads

CHUNK = 1000
"""Samples evaluated at a time: many enough for the engine, few enough for progress to be seen."""

MOST_NUMBERS = 2**24
"""Numbers in the inputs or the outputs of samples evaluated at a time: few enough for memory."""

CALIBRATION = 1000
"""Training samples that int8 is calibrated with."""


Compute = Callable[[NDArray[Any]], NDArray[np.float32]]


@dataclass(frozen=True)
class Evaluation:
    """How a model does by the loss that it was trained with.

    `accuracy` is the share of right answers, of pixels where there is an answer for each; None for a loss without
    right and wrong. `confusion[i, j]` counts samples, or pixels, of class i that were taken for class j; None, and
    `per_class` empty, where there are no classes. `metrics` are further figures by name, those of `metric_names`, None
    where these samples do not give one.
    """

    loss: float
    accuracy: float | None
    samples: int
    confusion: NDArray[np.int64] | None
    per_class: tuple[classes.ClassMetrics, ...]
    metrics: dict[str, float | None]

    @property
    def figures(self) -> dict[str, float | None]:
        """All that is one number."""
        return {"loss": self.loss, "accuracy": self.accuracy, **self.metrics}

    def as_dict(self) -> dict[str, Any]:
        """The object that `nbcnn eval --format json` prints."""
        return {
            "loss": self.loss,
            "accuracy": self.accuracy,
            "samples": self.samples,
            "metrics": self.metrics,
            "confusion_matrix": None if self.confusion is None else self.confusion.tolist(),
            "per_class": [asdict(each) for each in self.per_class],
        }


def evaluate_file(
    weights: Path,
    source: str | None,
    split: str,
    data_dir: str | os.PathLike[str] | None,
    threads: int | None,
    on_event: OnEvent | None,
    dtype: str,
) -> Evaluation:
    """Measure the model in a weights file on a split of a data source, by default the one it was trained on.

    With `dtype` "int8" it is compiled to that, calibrated with samples from all over the training split. Raises
    WeightsError, DataError, which names the splits that there are, and InputError for a model that int8 does not suit.
    """
    report = on_event or ignore
    with using_threads(threads):
        model = Model.load(weights)
        splits = named_splits(
            load_samples(
                _with_source(model.network, source),
                Path(data_dir) if data_dir is not None else None,
                weights.parent if source is None else None,
                report,
            )
        )
        if split not in splits:
            raise DataError(f"{weights}: its data has no {split} split; choose one of {', '.join(splits)}")

        def on_compile(kernel: str, done: int, total: int) -> None:
            report(Compiling(kernel, done, total))

        compute: Compute = model
        if dtype == "float32":
            model.load_kernels(on_compile)
        else:
            size = min(CHUNK, model.chunk)
            samples = _spread(splits["train"], CALIBRATION)
            compute = _by(size, model.compile(size, on_compile, dtype=dtype, calibration=samples))
        return evaluate(
            model, splits[split], lambda done, total: report(Evaluating(split, done, total)), compute=compute
        )


def _spread(dataset: Dataset, count: int) -> NDArray[Any]:
    """The inputs of `count` samples from all over a data set, or of as many as are few enough for memory."""
    count = min(count, max(1, MOST_NUMBERS // math.prod(dataset.inputs.shape[1:])))
    return dataset.inputs[np.arange(0, len(dataset), max(1, len(dataset) // count))[:count]]


def _by(size: int, compute: Compute) -> Compute:
    """The same for any number of samples, of which `size` at a time are computed."""
    return lambda x: np.concatenate([compute(x[start : start + size]) for start in range(0, len(x), size)])


def _with_source(network: Network, source: str | None) -> Network:
    if source is None:
        return network
    spec = network.spec
    data = spec.data.model_copy(update={"source": source}) if spec.data else Data(source=source)
    return replace(network, spec=spec.model_copy(update={"data": data}))


def evaluate(
    model: Model,
    dataset: Dataset,
    on_progress: Callable[[int, int], None] | None = None,
    *,
    compute: Compute | None = None,
) -> Evaluation:
    """Loss and accuracy over a whole data set, by the loss in the model's spec.

    `on_progress(done, total)` is called as samples are done. `compute` gives the model's outputs in its place.
    """
    network = model.network
    tally = _Tally(network.spec.train.loss, network.output_shape)
    samples = len(dataset)
    most = max(1, MOST_NUMBERS // max(math.prod(network.output_shape), math.prod(network.input_shape)))
    done = 0
    for inputs, targets in dataset.parts(min(CHUNK, most)):
        tally.add((compute or model)(inputs), targets)
        done += len(targets)
        if on_progress is not None:
            on_progress(done, samples)
    return tally.evaluation(samples, model.classes)


def metric_names(loss: Loss, output_shape: tuple[int, ...]) -> tuple[str, ...]:
    """The figures that an evaluation by this loss has beside loss and accuracy, for outputs (channels, *space)."""
    match loss:
        case CrossEntropy():
            return (*classes.NAMES, *(scores.NAMES if len(output_shape) == 1 else ()))
        case BinaryCrossEntropyWithLogits():
            return ()
        case _:
            return numbers.NAMES


class _Tally:
    """What is counted of a data set, part by part."""

    def __init__(self, loss: Loss, output_shape: tuple[int, ...]) -> None:
        self._loss = loss
        self._loss_sum = self._weight = 0.0
        self._right = self._answers = 0
        names = metric_names(loss, output_shape)
        count = output_shape[0]
        self._confusion = np.zeros((count, count), np.int64) if isinstance(loss, CrossEntropy) else None
        self._scores = scores.Scores(count) if set(scores.NAMES) <= {*names} else None
        self._numbers = numbers.Numbers(output_shape) if names == numbers.NAMES else None

    def add(self, outputs: NDArray[np.float32], targets: NDArray[Any]) -> None:
        loss_sum, weight = summed_loss(self._loss, outputs, targets)
        self._loss_sum += loss_sum
        self._weight += weight
        if self._confusion is not None and isinstance(self._loss, CrossEntropy):
            counted = targets != self._loss.ignore_index
            guesses = outputs.argmax(axis=1)
            self._confusion += classes.confusion_matrix(targets[counted], guesses[counted], len(self._confusion))
            if self._scores is not None:
                self._scores.add(outputs[counted], targets[counted])
        elif isinstance(self._loss, BinaryCrossEntropyWithLogits):
            self._right += int(np.count_nonzero((outputs > 0) == (targets > 0.5)))
            self._answers += outputs.size
        elif self._numbers is not None:
            self._numbers.add(outputs, targets)

    def evaluation(self, samples: int, labels: tuple[str, ...]) -> Evaluation:
        by_class: tuple[classes.ClassMetrics, ...] = ()
        metrics: dict[str, float | None] = {}
        right, answers = self._right, self._answers
        if self._confusion is not None:
            right, answers = int(self._confusion.trace()), int(self._confusion.sum())
            outputs = len(self._confusion)
            labels = (*labels[:outputs], *(str(index) for index in range(len(labels), outputs)))
            by_class = classes.per_class(self._confusion, labels)
            metrics |= classes.averages(by_class)
        for each in (self._scores, self._numbers):
            metrics |= each.results() if each is not None else {}
        # Where nothing counts, the loss is not a number, as it is in training.
        loss = self._loss_sum / self._weight if self._weight else math.nan
        return Evaluation(loss, right / answers if answers else None, samples, self._confusion, by_class, metrics)
