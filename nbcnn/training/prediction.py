"""Which class a model takes an input for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.data.inputs import read_inputs
from nbcnn.errors import SpecError
from nbcnn.model import Model
from nbcnn.spec import CrossEntropy
from nbcnn.training.events import Compiling, OnEvent, ignore
from nbcnn.training.losses import probabilities
from nbcnn.training.threads import threads as using_threads


@dataclass(frozen=True)
class Prediction:
    """`input` names the file, and the sample where the file holds several; `label` is the name of `class_`."""

    input: str
    class_: int
    label: str
    probabilities: tuple[float, ...]

    def as_dict(self) -> dict[str, Any]:
        """The line that `nbcnn predict --format json` prints."""
        return {"input": self.input, "class": self.class_, "label": self.label, "probabilities": self.probabilities}


def predict_files(
    weights: Path, paths: Sequence[Path], threads: int | None, on_event: OnEvent | None
) -> list[Prediction]:
    """One prediction for each sample in the files, in order, by the model in a weights file.

    Raises WeightsError, and DataError before any prediction is made.
    """
    report = on_event or ignore
    model = Model.load(weights)
    loss = model.network.spec.train.loss
    if len(model.network.output_shape) != 1 or not isinstance(loss, CrossEntropy):
        raise SpecError(
            f"{weights}: predict expects an output of shape (classes,) trained with cross_entropy, the last layer "
            f"gives {model.network.output_shape}, trained with {loss.type}; call the model from Python"
        )
    data = model.network.spec.data
    resize = data.resize if data else None
    named = [sample for path in paths for sample in read_inputs(path, model.network.input_shape, resize)]
    with using_threads(threads):
        model.load_kernels(lambda kernel, done, total: report(Compiling(kernel, done, total)))
        return [_predict(model, name, sample) for name, sample in named]


def _predict(model: Model, name: str, sample: NDArray[Any]) -> Prediction:
    # One call a sample: files may mix bytes and floats, and a sample's numbers then never depend on its company.
    shares = probabilities(model.network.spec.train.loss, model(sample[np.newaxis]))[0]
    index = int(shares.argmax())
    label = model.classes[index] if index < len(model.classes) else str(index)
    return Prediction(name, index, label, tuple(shares.tolist()))
