"""What pictures are made of: a run's folder, or a weights file, with its history, model and data."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.data import Dataset, Splits
from nbcnn.data.inputs import read_inputs
from nbcnn.errors import DataError, InputError
from nbcnn.training.events import Compiling, OnEvent
from nbcnn.training.fit import Model
from nbcnn.training.record.folder import MODEL, file_of
from nbcnn.training.record.history import JSONL, written_lines
from nbcnn.training.samples import load_samples, named_splits

AnyPath = str | os.PathLike[str]
SPLITS = ("test", "validation", "train")
"""In the order in which they are looked at, where none is named."""


@dataclass(frozen=True)
class Sample:
    """One sample, uint8 or float32 (channels, *space), and where it is from; `target` is its class number, if known."""

    numbers: NDArray[Any]
    words: str
    target: int | None = None


def read_history(run: Path) -> list[dict[str, Any]]:
    """A row an epoch; raises InputError for what is no run's folder, or has no epoch, and DataError for other rows."""
    path = file_of(run, JSONL)
    try:
        rows = [json.loads(line) for line in written_lines(run)]
        rows = [{"epoch": int(row["epoch"]), **{name: _number(value) for name, value in row.items()}} for row in rows]
    except (ValueError, TypeError, KeyError, RecursionError, AttributeError):
        raise DataError(f"{path}: a JSON object of numbers in every line is expected; train again to have it") from None
    if not rows:
        raise InputError(f"{path}: no epoch is finished yet, so there is nothing to see; train for one at least")
    return rows


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def load_model(path: Path, report: OnEvent) -> Model:
    """The model of a run's folder or of a weights file, its kernels ready; raises WeightsError."""
    model = Model.load(weights_of(path))
    model.load_kernels(lambda kernel, done, total: report(Compiling(kernel, done, total)))
    return model


def weights_of(path: Path) -> Path:
    """A run's folder stands for its best weights; raises InputError for another folder."""
    return file_of(path, MODEL) if path.is_dir() else path


def load_splits(model: Model, path: Path, data_dir: AnyPath | None, report: OnEvent) -> Splits:
    """The data that the model was trained on; raises DataError and SpecError where they are not there."""
    weights = weights_of(path)
    return load_samples(model.network, Path(data_dir) if data_dir is not None else None, weights.parent, report)


def choose(splits: Splits, split: str | None) -> tuple[str, Dataset]:
    """The named split, by default the first of test, validation and train; raises DataError."""
    named = named_splits(splits)
    wanted = next(name for name in SPLITS if name in named) if split is None else split
    if wanted not in named:
        raise DataError(f"split: there is no {wanted} split; choose one of {', '.join(named)}")
    return wanted, named[wanted]


def sample_of(dataset: Dataset, split: str, index: int, classes: tuple[str, ...]) -> Sample:
    """One labelled sample; raises InputError for a number that is not there."""
    if not 0 <= index < len(dataset):
        raise InputError(
            f"sample: there are {len(dataset)} in the {split} split, received {index}; use 0 to {len(dataset) - 1}"
        )
    inputs, _ = dataset.loaded(np.array([index]))
    words, target = f"{split} sample {index}", None
    if dataset.labels is not None:
        target = int(dataset.labels[index])
        words += f", class {class_name(target, classes)}"
    return Sample(inputs[0], words, target)


def sample_in(model: Model, path: Path) -> Sample:
    """The first sample in a .npy file or an image; raises DataError for what does not do."""
    data = model.network.spec.data
    name, numbers = read_inputs(path, model.network.input_shape, data.resize if data else None)[0]
    return Sample(numbers, name)


def class_name(number: int, classes: tuple[str, ...]) -> str:
    return classes[number] if 0 <= number < len(classes) else str(number)
