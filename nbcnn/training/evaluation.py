"""How well a model does on a data set."""

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
from nbcnn.spec import Data
from nbcnn.training.events import Compiling, Evaluating, OnEvent, ignore
from nbcnn.training.metrics import ClassMetrics, confusion_matrix, per_class, summed_cross_entropy
from nbcnn.training.samples import load_samples, named_splits
from nbcnn.training.threads import threads as using_threads

CHUNK = 1000
"""Samples evaluated at a time: many enough for the engine, few enough for memory and for progress to be seen."""


@dataclass(frozen=True)
class Evaluation:
    """`loss` is the mean cross-entropy, `confusion[i, j]` counts samples of class i that were taken for class j."""

    loss: float
    accuracy: float
    samples: int
    confusion: NDArray[np.int64]
    per_class: tuple[ClassMetrics, ...]

    def as_dict(self) -> dict[str, Any]:
        """The object that `nbcnn eval --format json` prints."""
        return {
            "loss": self.loss,
            "accuracy": self.accuracy,
            "samples": self.samples,
            "confusion_matrix": self.confusion.tolist(),
            "per_class": [asdict(each) for each in self.per_class],
        }


def evaluate_file(
    weights: Path,
    source: str | None,
    split: str,
    data_dir: str | os.PathLike[str] | None,
    threads: int | None,
    on_event: OnEvent | None,
) -> Evaluation:
    """Measure the model in a weights file on a split of a data source, by default the one it was trained on.

    Raises WeightsError and DataError, which names the splits that there are.
    """
    report = on_event or ignore
    with using_threads(threads):
        model = Model.load(weights)
        splits = named_splits(
            load_samples(
                _with_source(model.network, source), Path(data_dir) if data_dir is not None else None, None, report
            )
        )
        if split not in splits:
            raise DataError(f"{weights}: its data has no {split} split; choose one of {', '.join(splits)}")
        model.compile(lambda kernel, done, total: report(Compiling(kernel, done, total)))
        return evaluate(model, splits[split], lambda done, total: report(Evaluating(split, done, total)))


def _with_source(network: Network, source: str | None) -> Network:
    if source is None:
        return network
    spec = network.spec
    data = spec.data.model_copy(update={"source": source}) if spec.data else Data(source=source)
    return replace(network, spec=spec.model_copy(update={"data": data}))


def evaluate(model: Model, dataset: Dataset, on_progress: Callable[[int, int], None] | None = None) -> Evaluation:
    """Loss and accuracy over a whole data set; `on_progress(done, total)` is called as samples are done."""
    samples, outputs = len(dataset), model.network.output_shape[0]
    loss, confusion = 0.0, np.zeros((outputs, outputs), np.int64)
    for start in range(0, samples, CHUNK):
        targets = dataset.targets[start : start + CHUNK]
        logits = model(dataset.inputs[start : start + CHUNK])
        loss += summed_cross_entropy(logits, targets)
        confusion += confusion_matrix(targets, logits.argmax(axis=1), outputs)
        if on_progress is not None:
            on_progress(start + len(targets), samples)
    labels = (*model.classes, *(str(index) for index in range(len(model.classes), outputs)))
    return Evaluation(
        loss / samples, float(confusion.trace() / samples), samples, confusion, per_class(confusion, labels)
    )
