"""Everything that a report on a run says, as plain values."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nbcnn
from nbcnn.data import Dataset
from nbcnn.errors import DataError, NbcnnWarning, SpecError
from nbcnn.network import Network
from nbcnn.network.report import report as network_report
from nbcnn.pictures import samples
from nbcnn.pictures.graph import graph
from nbcnn.pictures.png import data_uri
from nbcnn.pictures.source import AnyPath, choose, class_name, load_model, load_splits, read_history, sample_of
from nbcnn.pictures.tiles import Mosaic, kernels
from nbcnn.pictures.windows import windows
from nbcnn.spec import CrossEntropy
from nbcnn.training.evaluation import Evaluation, evaluate
from nbcnn.training.events import Evaluating, OnEvent
from nbcnn.training.fit import Model
from nbcnn.training.losses import probabilities

WORST = 24
"""Samples of the highest loss that are shown."""
BLUE, WHITE, RED = ((0x1F, 0x5F, 0xBF), (0xF4, 0xF4, 0xF4), (0xC0, 0x39, 0x2B))
"""Colours of a kernel's lowest numbers, of 0 and of its highest."""


def contents(run: Path, data_dir: AnyPath | None, report: OnEvent) -> dict[str, Any]:
    """JSON-able. What does not apply to the run, or cannot be known, is None.

    Raises InputError for what is no run's folder, and WeightsError for weights that do not do.
    """
    history = read_history(run)
    model = load_model(run, report)
    network = model.network
    found: dict[str, Any] = {
        "version": nbcnn.__version__,
        "name": network.name,
        "run": run.resolve().name,
        "totals": network_report(network.spec, network.layers, ())["totals"],
        "history": history,
        "best": model.provenance.get("epoch"),
        "layers": _layers(network),
        "input_shape": list(network.input_shape),
        "graph": graph(network),
        "kernels": _kernels(model),
        "spec": network.spec.resolved(),
        "missing": None,
        "sample": None,
        "measured": None,
        "worst": None,
    }
    try:
        splits = load_splits(model, run, data_dir, report)
    except (DataError, SpecError) as error:
        warnings.warn(f"the page is without samples: {error}", NbcnnWarning, stacklevel=2)
        return found | {"missing": str(error)}
    name, dataset = choose(splits, None)
    measured, worst = _measure(model, name, dataset, report)
    sample = sample_of(dataset, name, 0, model.classes)
    return found | {
        "sample": samples.as_dict(sample.numbers) | {"words": sample.words},
        "measured": measured.as_dict() | {"split": name},
        "worst": worst,
    }


def _layers(network: Network) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = network_report(network.spec, network.layers, ())["layers"]
    seen = windows(network)
    for row, node in zip(rows, network.layers, strict=True):
        found = seen[node.name]
        row["windows"] = None if found is None or len(node.output_shape) == 1 else found.as_dict(node)
    return rows


def _kernels(model: Model) -> dict[str, Any] | None:
    """Those of the first convolution."""
    node = next((each for each in model.network.layers if each.operation == "conv"), None)
    if node is None:
        return None
    mosaic = kernels(model.parameters[f"{node.name}.weight"], in_colours=model.network.input_shape[0] == 3)
    pixels = painted(mosaic)
    return {
        "layer": node.name,
        "caption": mosaic.caption,
        "image": data_uri(pixels),
        "height": pixels.shape[0],
        "width": pixels.shape[1],
        "most": None if mosaic.is_coloured else float(np.nanmax(np.abs(mosaic.values))),
    }


def painted(mosaic: Mosaic) -> NDArray[np.uint8]:
    """Pixels (rows, columns, 4): numbers from blue over white, which is 0, to red, and gaps that are clear."""
    values = mosaic.values
    pixels = np.zeros((*values.shape[:2], 4), np.uint8)
    if mosaic.is_coloured:
        pixels[..., :3] = np.round(255 * np.nan_to_num(values))
    else:
        share = np.nan_to_num(values / (np.nanmax(np.abs(values)) or 1.0))[..., np.newaxis]
        ends = np.where(share < 0, BLUE, RED)
        pixels[..., :3] = np.round(np.array(WHITE) + np.abs(share) * (ends - np.array(WHITE)))
    gaps = np.isnan(values if values.ndim == 2 else values[..., 0])
    pixels[..., 3] = np.where(gaps, 0, 255)
    return pixels


def _measure(
    model: Model, split: str, dataset: Dataset, report: OnEvent
) -> tuple[Evaluation, list[dict[str, Any]] | None]:
    """The evaluation, and the samples of the highest loss where each has one class."""
    outputs: list[NDArray[np.float32]] = []
    has_classes = isinstance(model.network.spec.train.loss, CrossEntropy) and len(model.network.output_shape) == 1

    def compute(x: NDArray[Any]) -> NDArray[np.float32]:
        given = model(x)
        if has_classes:
            outputs.append(given)
        return given

    def progress(done: int, total: int) -> None:
        report(Evaluating(split, done, total))

    evaluation = evaluate(model, dataset, progress, compute=compute)
    targets = dataset.labels
    if not has_classes or targets is None:
        return evaluation, None
    return evaluation, _worst(model, split, dataset, targets, np.concatenate(outputs))


def _worst(
    model: Model, split: str, dataset: Dataset, targets: NDArray[np.int64], outputs: NDArray[np.float32]
) -> list[dict[str, Any]]:
    """Samples that are taken for another class, those first whose own class has the least probability."""
    shares = probabilities(model.network.spec.train.loss, outputs)
    guesses = shares.argmax(axis=1)
    of_target = shares[np.arange(len(shares)), np.clip(targets, 0, shares.shape[1] - 1)]
    wrong = np.flatnonzero(guesses != targets)
    chosen = wrong[np.argsort(of_target[wrong], kind="stable")][:WORST]
    return [
        samples.as_dict(sample_of(dataset, split, index, model.classes).numbers)
        | {
            "number": index,
            "true": class_name(int(targets[index]), model.classes),
            "guess": class_name(int(guesses[index]), model.classes),
            "share_of_true": float(of_target[index]),
            "share_of_guess": float(shares[index, guesses[index]]),
        }
        for index in chosen.tolist()
    ]
