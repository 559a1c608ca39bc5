"""The kinds of plots, from a run or its weights to a figure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from nbcnn.attribution import last_map
from nbcnn.errors import InputError
from nbcnn.network import Node
from nbcnn.pictures import figures
from nbcnn.pictures.source import (
    AnyPath,
    Sample,
    choose,
    class_name,
    load_model,
    load_splits,
    read_history,
    sample_in,
    sample_of,
)
from nbcnn.pictures.tiles import kernels, maps
from nbcnn.training.evaluation import evaluate
from nbcnn.training.events import Evaluating, OnEvent
from nbcnn.training.fit import Model

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Kind = Literal["curves", "confusion", "filters", "features", "saliency", "grad-cam"]


@dataclass(frozen=True)
class Asked:
    """What a plot is to show: `runs` are folders of runs, and but for curves one, which may be a weights file.

    `sample` is a number in `split`, which is by default the first that there is of test, validation and train, or a
    file; `target` is a class by number or name, None the one that the network takes the sample for.
    """

    runs: Sequence[Path]
    layer: str | None
    sample: int | Path
    split: str | None
    target: int | str | None
    data_dir: AnyPath | None
    report: OnEvent


def plot(kind: str, asked: Asked) -> "Figure":
    """The figure; raises InputError, of which WeightsError, DataError and SpecError are, for what does not do."""
    if kind not in get_args(Kind):
        raise InputError(f"plot: {kind!r} is no kind of plot; choose one of {', '.join(get_args(Kind))}")
    if not asked.runs or (len(asked.runs) > 1 and kind != "curves"):
        raise InputError(f"plot: {kind} shows one run, received {len(asked.runs)}; plot them one by one")
    figures.new_figure(1.0, 1.0)  # Without Matplotlib there is nothing to compute.
    return PLOTS[kind](asked)


def _curves(asked: Asked) -> "Figure":
    return figures.curves([(run.resolve().name, read_history(run)) for run in asked.runs])


def _confusion(asked: Asked) -> "Figure":
    model = _model(asked)
    split, dataset = choose(load_splits(model, asked.runs[0], asked.data_dir, asked.report), asked.split)
    found = evaluate(model, dataset, lambda done, total: asked.report(Evaluating(split, done, total)))
    if found.confusion is None:
        loss = model.network.spec.train.loss.type
        raise InputError(f"plot: confusion needs classes, this network was trained with {loss}; plot its curves")
    title = f"{model.network.name}, {split}: {100 * (found.accuracy or 0.0):.2f}% of {found.samples:,} samples"
    return figures.confusion(found.confusion, [each.label for each in found.per_class], title)


def _filters(asked: Asked) -> "Figure":
    model = _model(asked)
    node = _convolution(model, asked.layer)
    in_colours = node.inputs == ("input",) and model.network.input_shape[0] == 3
    drawn = kernels(model.parameters[f"{node.name}.weight"], in_colours)
    return figures.mosaic(drawn, f"{node.name} ({node.type})", signed=True)


def _convolution(model: Model, layer: str | None) -> Node:
    """The layer with kernels that is meant; by default the first."""
    those = [node for node in model.network.layers if node.operation in ("conv", "conv_transpose")]
    if not those:
        raise InputError(f"plot: no layer of {model.network.name} is a convolution, which filters are of")
    node = those[0] if layer is None else model.network[layer]
    if node not in those:
        names = ", ".join(each.name for each in those[:10])
        raise InputError(f'layer: "{node.name}" ({node.type}) has no kernels; choose a convolution, such as {names}')
    return node


def _features(asked: Asked) -> "Figure":
    model = _model(asked)
    sample = _sample(model, asked)
    layer = _convolution(model, None).name if asked.layer is None else asked.layer
    given = model.activations(sample.numbers[np.newaxis], layer)[0]
    title = f"{layer} ({model.network[layer].type}) of {sample.words}"
    return figures.mosaic(maps(given), title, signed=bool((given < 0).any()))


def _saliency(asked: Asked) -> "Figure":
    model = _model(asked)
    sample = _sample(model, asked)
    target = _target(model, sample, asked.target)
    values = model.saliency(sample.numbers[np.newaxis], target)[0]
    return figures.heat(sample, values, f"saliency for {class_name(target, model.classes)}", None)


def _grad_cam(asked: Asked) -> "Figure":
    model = _model(asked)
    sample = _sample(model, asked)
    target = _target(model, sample, asked.target)
    layer = last_map(model.network) if asked.layer is None else asked.layer
    values = model.grad_cam(sample.numbers[np.newaxis], layer, target)[0]
    title = f"Grad-CAM for {class_name(target, model.classes)} at {layer}"
    title += "" if values.any() else ": nothing speaks for it"
    return figures.heat(sample, values, title, model.network[layer])


PLOTS: dict[str, Callable[[Asked], "Figure"]] = {
    "curves": _curves,
    "confusion": _confusion,
    "filters": _filters,
    "features": _features,
    "saliency": _saliency,
    "grad-cam": _grad_cam,
}


def _model(asked: Asked) -> Model:
    return load_model(asked.runs[0], asked.report)


def _sample(model: Model, asked: Asked) -> Sample:
    if isinstance(asked.sample, Path):
        return sample_in(model, asked.sample)
    split, dataset = choose(load_splits(model, asked.runs[0], asked.data_dir, asked.report), asked.split)
    return sample_of(dataset, split, asked.sample, model.classes)


def _target(model: Model, sample: Sample, wanted: int | str | None) -> int:
    if wanted is None:
        given = model.activations(sample.numbers[np.newaxis], model.network.layers[-1].name)[0]
        return int(given.reshape(len(given), -1).sum(axis=1).argmax())
    outputs = model.network.output_shape[0]
    names = f", or one of {', '.join(model.classes[:20])}" if model.classes else ""
    if wanted in model.classes:
        return model.classes.index(str(wanted))
    if isinstance(wanted, int) or (wanted.isdecimal() and wanted.isascii()):
        if not 0 <= int(wanted) < outputs:
            raise InputError(f"class: 0 to {outputs - 1}{names} is expected, received {wanted}; choose one")
        return int(wanted)
    raise InputError(f"class: {wanted!r} is no class; use a number from 0 to {outputs - 1}{names}")
