"""How well a model does on a data set."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.data import Dataset
from nbcnn.model import Model
from nbcnn.training.metrics import ClassMetrics, confusion_matrix, per_class, summed_cross_entropy

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
