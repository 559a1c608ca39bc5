"""The verbs that a program can use; the command can do nothing else."""

import os
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbcnn import network, spec
from nbcnn.machine.garbage import collecting_later
from nbcnn.network import Fixed, Network
from nbcnn.spec import Diagnostic, InvalidSpec, Spec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nbcnn.data import Splits
    from nbcnn.data.checking import Checked, CheckedSplit
    from nbcnn.data.named import NamedData
    from nbcnn.explanations import Explanation
    from nbcnn.network.seen import Seen
    from nbcnn.teaching.step import Step, Upstream
    from nbcnn.teaching.terms import Term
    from nbcnn.training.benchmark import Benchmark, Mode, Row
    from nbcnn.training.callbacks import Callback
    from nbcnn.training.comparison import ComparedRun, Comparison
    from nbcnn.training.evaluation import Evaluation
    from nbcnn.training.events import (
        Compiling,
        EpochFinished,
        EpochRecord,
        Evaluating,
        Event,
        Loading,
        Measuring,
        OnEvent,
        Pretrained,
        Progress,
        Resumed,
        Started,
        Unlocked,
    )
    from nbcnn.training.gradcheck import Check, OnCheck
    from nbcnn.training.lr_find import RateTest
    from nbcnn.training.prediction import Prediction
    from nbcnn.training.preview import Preview
    from nbcnn.training.run import Result
    from nbcnn.training.verification import Verification
    from nbcnn.training.warming import Warmth
    from nbcnn.weights.difference import Difference
    from nbcnn.weights.inspection import InspectedArray, Inspection

__all__ = [
    "Benchmark",
    "Check",
    "Checked",
    "CheckedSplit",
    "ComparedRun",
    "Comparison",
    "Difference",
    "Compiling",
    "EpochFinished",
    "EpochRecord",
    "Evaluating",
    "Evaluation",
    "Event",
    "Explanation",
    "Fixed",
    "InspectedArray",
    "Inspection",
    "Loading",
    "Measuring",
    "NamedData",
    "Mode",
    "OnEvent",
    "Prediction",
    "Pretrained",
    "Preview",
    "Progress",
    "RateTest",
    "Result",
    "Resumed",
    "Row",
    "Seen",
    "Started",
    "Step",
    "Term",
    "Unlocked",
    "Verification",
    "Warmth",
    "bench",
    "build",
    "check_data",
    "check_out",
    "compare",
    "data_sets",
    "diff",
    "evaluate",
    "explain",
    "explanations",
    "fix",
    "get_data",
    "gradcheck",
    "inspect",
    "load_spec",
    "lr_find",
    "new",
    "plot",
    "predict",
    "preview",
    "receptive_field",
    "report",
    "schema",
    "step",
    "templates",
    "train",
    "translated",
    "validate",
    "verify",
    "warmup",
]

AnyPath = str | os.PathLike[str]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """What a run reports, loaded when it is first asked for: what only looks at a spec has no use for it."""
        events = import_module("nbcnn.training.events")
        if name in __all__ and hasattr(events, name):
            return getattr(events, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_spec(path: str | Path, overrides: Mapping[str, Any] | None = None, *, text: str | None = None) -> Spec:
    """The spec in a TOML or JSON file, changed by `overrides` such as `{"train.epochs": 3}`.

    `text` is read in the place of what the file holds, such as an editor's. Raises InvalidSpec.
    """
    return spec.load(path, overrides, text)


def build(described: Spec) -> Network:
    """The network that a spec describes, without any array; raises InvalidSpec."""
    return network.build(described, *_ASKED_LATER)


def _training_bytes(built: Network) -> int | None:
    # Here and below: what computes is imported when it is wanted, so that `--help` need not wait for it.
    from nbcnn.plan.memory import training_bytes

    return training_bytes(built)


def _lint(built: Network) -> list[Diagnostic]:
    from nbcnn.lint import KNOWN_DATA, Surroundings, lint
    from nbcnn.machine.memory import memory_bytes
    from nbcnn.reach import named_folders

    data = KNOWN_DATA.get(built.spec.data.source) if built.spec.data else None
    return lint(built, Surroundings(data, memory_bytes(), named_folders()))


_ASKED_LATER = _training_bytes, _lint
"""What a network's report asks for once it is written."""


def validate(
    path: str | Path,
    overrides: Mapping[str, Any] | None = None,
    *,
    explain: bool = False,
    text: str | None = None,
) -> dict[str, Any]:
    """The report on a spec file, valid or not: a valid one has no diagnostic of severity "error".

    With `explain`, every layer has `arithmetic`: how the sizes of its output come about. `text` is read in the place of
    what the file holds.
    """
    with collecting_later():
        try:
            loaded = load_spec(path, overrides, text=text)
        except InvalidSpec as error:
            return network.report(None, (), error.diagnostics) | {"file": str(path)}
        nodes, errors = network.trace(loaded)
        if errors:
            return network.report(loaded, nodes, errors, explain=explain)
        return network.Network(loaded, tuple(nodes), *_ASKED_LATER).report(explain)


def fix(path: AnyPath, *, unsafe: bool = False, write: bool = True, text: str | None = None) -> Fixed:
    """Make the safe fixes of what is wrong with a spec file, and with `unsafe` the first help of all else, in its text.

    All that is not fixed stays as it is written, and no file has more errors afterwards; with `write` the file becomes
    what it is then. Files that it extends never change. `text` is fixed in the place of what the file holds, and not
    written. Raises InvalidSpec where there is no text to read, and NbcnnError where the file cannot be written.
    """
    file = str(path)
    before = spec.read_text(Path(path)) if text is None else text
    fixed = network.fix(file, before, lambda each: build(load_spec(file, text=each)).findings, unsafe=unsafe)
    if write and text is None and fixed.after != before:
        from nbcnn.weights.files import write_atomically

        write_atomically(Path(path), _byte_order_mark(Path(path)) + fixed.after.encode())
    return fixed


def _byte_order_mark(path: Path) -> bytes:
    with open(path, "rb") as file:
        return BOM_UTF8 if file.read(len(BOM_UTF8)) == BOM_UTF8 else b""


def receptive_field(described: Spec, layer: str, unit: Sequence[int] | None = None) -> "Seen":
    """The exact input pixels that a unit of a layer sees.

    `unit` has a position on every spatial axis, and may have a channel before these; a feature of a flat layer counts
    as a channel. Negative numbers count from the end. None is the middle, all channels. Raises SpecError for a layer,
    and InputError for a unit, that is not there.
    """
    from nbcnn.network.seen import seen

    return seen(network.build(described), layer, unit)


def diff(before: AnyPath, after: AnyPath) -> "Difference":
    """What tells two networks apart: their layers, settings and totals, and which arrays of the one fit the other.

    Each is a spec file, or a weights file, whose name ends in .h5 or .hdf5. Raises InvalidSpec and WeightsError for a
    file that cannot be read or is not whole.
    """
    from nbcnn.weights.difference import Side, compare, is_weights, read_weights

    sides = []
    for path in (Path(before), Path(after)):
        described, arrays = read_weights(path) if is_weights(path) else (load_spec(path), None)
        sides.append(Side(str(path), build(described), arrays))
    return compare(*sides)


def inspect(path: AnyPath) -> "Inspection":
    """What a weights file holds, and whether it is whole; of a damaged one, all that is sound.

    Raises WeightsError for a file that cannot be read, or of which nothing is a sound part of a weights file.
    """
    from nbcnn.weights.inspection import inspect

    return inspect(Path(path))


def compare(runs: Sequence[AnyPath]) -> "Comparison":
    """What the runs in these folders came to, and in what their specs differ.

    Raises InputError for a folder that holds no run, or one whose files are damaged.
    """
    from nbcnn.training.comparison import compare

    return compare([Path(run) for run in runs])


def data_sets(data_dir: AnyPath | None = None) -> "list[NamedData]":
    """The data sets that go by a name, and whether they are on disk; `data_dir` is as for `train`."""
    from nbcnn.data.named import named_data

    return named_data(None if data_dir is None else Path(data_dir))


def get_data(
    names: Sequence[str], *, data_dir: AnyPath | None = None, on_event: "OnEvent | None" = None
) -> "dict[str, Splits]":
    """Fetch those of these named data sets that are not there, and read all of them, which verifies them.

    Raises InputError for a name that there is not, and for what cannot be fetched or is not whole.
    """
    from nbcnn.data.named import get
    from nbcnn.training.events import Loading

    progress = None if on_event is None else lambda what, done, total: on_event(Loading(what, done, total))
    return get(names, None if data_dir is None else Path(data_dir), progress)


def check_data(
    described: Spec | str, *, data_dir: AnyPath | None = None, on_event: "OnEvent | None" = None
) -> "Checked":
    """Read all the data of a spec, or of a source as in a spec, once, and tell what they are and what is wrong.

    Raises InputError for what is no data set, or none for the spec's network.
    """
    from nbcnn.training.checking import check_source, check_spec
    from nbcnn.training.events import ignore

    where = None if data_dir is None else Path(data_dir)
    if isinstance(described, str):
        return check_source(described, where, on_event or ignore)
    return check_spec(described, where, on_event or ignore)


def explain(code: str, language: str = "en") -> "Explanation":
    """What the code of a diagnostic means, such as "NB104"; raises InputError for one that there is not,
    and for a language that is neither "en" nor "zh"."""
    from nbcnn.explanations import explanation

    return explanation(code, language)


def explanations(language: str = "en") -> "list[Explanation]":
    """What all codes mean, in their order."""
    from nbcnn.explanations import explanations

    return explanations(language)


def translated(text: str, language: str) -> str:
    """A sentence that nbcnn says, such as a diagnostic's message, in a language, "zh"; in English where it has none.

    Raises InputError for a language that there is not.
    """
    from nbcnn.languages import translated

    return translated(text, language)


def new(
    path: AnyPath,
    *,
    template: str | None = None,
    data: str | None = None,
    data_dir: AnyPath | None = None,
    on_event: "OnEvent | None" = None,
) -> str:
    """Write a first spec into a new file, and return its text: a template's, or one for what is in a data source.

    `template` is one of `templates`, by default "digits". `data` is a source as in a spec, its path counting from the
    working directory. `on_event` hears of loading. Raises InputError for a file that there is already, a template that
    there is not, and data that do not do.
    """
    from nbcnn.spec import starting
    from nbcnn.training.events import Loading

    where = None if data_dir is None else Path(data_dir)
    progress = None if on_event is None else lambda what, done, total: on_event(Loading(what, done, total))
    return starting.new(Path(path), template, data, where, progress)


def templates() -> dict[str, str]:
    """Names of the templates that `new` takes, and what they are."""
    from nbcnn.spec import templates

    return templates.names()


def schema() -> dict[str, Any]:
    """JSON Schema of spec files."""
    return spec.schema()


def train(
    described: Spec,
    *,
    out: AnyPath | None = None,
    data_dir: AnyPath | None = None,
    resume: bool = False,
    threads: int | None = None,
    callbacks: "Sequence[Callback]" = (),
    on_event: "OnEvent | None" = None,
) -> "Result":
    """Train the network of a spec on its data, and write weights, history and what repeats the run into a folder.

    `out` is that folder, by default runs/<name>-<n>, a new one; with `resume` it is the folder of a run to go on with,
    by default the newest. `data_dir` holds the named data sets. `callbacks` are objects of `nbcnn.Callback`; `on_event`
    hears of what happens; without one, a notebook shows it. Raises InputError for a spec, data, folder or checkpoint
    that does not do, DivergenceError where the loss is not a finite number, and Interrupted, the run saved, after
    SIGINT or SIGTERM.
    """
    from nbcnn.training.run import train

    return train(
        described, out=out, data_dir=data_dir, resume=resume, threads=threads, callbacks=callbacks, on_event=on_event
    )


def evaluate(
    weights: AnyPath,
    *,
    data: str | None = None,
    split: str = "test",
    data_dir: AnyPath | None = None,
    threads: int | None = None,
    on_event: "OnEvent | None" = None,
    dtype: str = "float32",
) -> "Evaluation":
    """Measure the weights in a file on a split, "train", "validation" or "test", of `data`, or of what they saw.

    With `dtype` "int8" the model is compiled to that, calibrated with samples of the training split. Raises InputError
    for weights, data or a split that does not do.
    """
    from nbcnn.training.evaluation import evaluate_file

    return evaluate_file(Path(weights), data, split, data_dir, threads, on_event, dtype)


def predict(
    weights: AnyPath,
    inputs: Sequence[AnyPath],
    *,
    threads: int | None = None,
    on_event: "OnEvent | None" = None,
) -> "list[Prediction]":
    """The class of each sample in .npy files and images, in their order, by the weights in a file.

    Raises InputError for weights or inputs that do not do.
    """
    from nbcnn.training.prediction import predict_files

    return predict_files(Path(weights), [Path(path) for path in inputs], threads, on_event)


def plot(
    kind: str,
    *runs: AnyPath,
    out: AnyPath | None = None,
    layer: str | None = None,
    sample: int | AnyPath = 0,
    split: str | None = None,
    target: int | str | None = None,
    data_dir: AnyPath | None = None,
    threads: int | None = None,
    on_event: "OnEvent | None" = None,
) -> "Figure":
    """A figure of Matplotlib: "curves", "confusion", "filters", "features", "saliency" or "grad-cam".

    `runs` are folders of runs, but for curves one alone, in the place of which a weights file may stand. `out` is the
    .png, .svg or .pdf to write, if any. `sample` is a number in `split`, by default of the test samples, or a .npy file
    or image; `target` is a class, by default the one that the sample is taken for; `layer` is by default the first
    convolution, and for Grad-CAM the last layer with positions, before its pool. Raises InputError for whatever of this
    does not do, and where there is no Matplotlib.
    """
    from nbcnn.pictures import figures, plots
    from nbcnn.training.events import ignore
    from nbcnn.training.threads import threads as using_threads

    if out is not None:
        figures.check(Path(out))
    source = Path(sample) if isinstance(sample, str | os.PathLike) else sample
    paths = [Path(run) for run in runs]
    with using_threads(threads):
        figure = plots.plot(kind, plots.Asked(paths, layer, source, split, target, data_dir, on_event or ignore))
    if out is not None:
        figures.write(figure, Path(out))
    return figure


def check_out(out: AnyPath, endings: Sequence[str]) -> None:
    """Raises InputError for a place where no file can be made, and for a name without one of these endings."""
    from nbcnn.pictures.files import check_out

    check_out(Path(out), endings)


def report(
    run: AnyPath,
    out: AnyPath | None = None,
    *,
    data_dir: AnyPath | None = None,
    threads: int | None = None,
    on_event: "OnEvent | None" = None,
) -> Path:
    """Write one self-contained HTML page on the run in a folder, by default report.html there; returns where it is.

    Its best weights are measured on the data's test split, else on its validation split; where the data are not there
    the page leaves out what needs them. Raises InputError for what is no run's folder, and WeightsError for weights
    that do not do.
    """
    from nbcnn.pictures.files import check_out
    from nbcnn.pictures.report import write_report
    from nbcnn.training.events import ignore
    from nbcnn.training.threads import threads as using_threads

    path = Path(run) / "report.html" if out is None else Path(out)
    if out is not None:
        check_out(path)
    with using_threads(threads):
        write_report(Path(run), path, data_dir, on_event or ignore)
    return path


def gradcheck(described: Spec, *, samples: int = 3, seed: int = 0, on_check: "OnCheck | None" = None) -> "list[Check]":
    """Compare the gradients of every layer of a network, and of the whole, with finite differences.

    Layers are in training mode and read `samples` standard normal samples. `on_check` hears of each line when it is
    done, with its number and how many there are. Raises InputError for a spec or a number of samples that does not do.
    """
    from nbcnn.training.gradcheck import gradcheck

    return gradcheck(network.build(described), samples=samples, seed=seed, on_check=on_check)


def step(
    described: Spec,
    layer: str,
    unit: Sequence[int] | None = None,
    *,
    weight: Sequence[int] | None = None,
    sample: int | AnyPath | Sequence[float] = 0,
    weights: AnyPath | None = None,
    seed: int = 0,
    kernel: Sequence[float] | None = None,
    upstream: "Upstream" = "ones",
    data_dir: AnyPath | None = None,
    on_event: "OnEvent | None" = None,
) -> "Step":
    """One number of a layer's output, at `unit`, (channel, *position), with all that it is computed from, in float64.

    With `weight`, an index of the layer's weight, the gradient of that one number as well: for an `upstream` gradient
    of the layer's output of ones, or that of the spec's loss. `sample` is an index in the training split of the spec's
    data, a file as `predict` reads it, or the numbers themselves in C order, which are not normalised. Weights are
    those in the file `weights`, or drawn by `seed`; `kernel` gives the numbers of the layer's own. Raises InputError
    for whatever of this does not do.
    """
    from nbcnn.teaching.step import Values, step

    values = Values(None if weights is None else Path(weights), seed, kernel)
    source = Path(sample) if isinstance(sample, str | os.PathLike) else sample
    folder = None if data_dir is None else Path(data_dir)
    return step(network.build(described), layer, unit, weight, values, source, upstream, folder, on_event)


def verify(
    run: AnyPath,
    overrides: Mapping[str, Any] | None = None,
    *,
    steps: int = 10,
    data_dir: AnyPath | None = None,
    threads: int | None = None,
    on_event: "OnEvent | None" = None,
) -> "Verification":
    """Repeat the first steps of a run and compare them with what the run has noted in its folder, bit for bit.

    Compared are the spec, the data by their checksums, the first weights, and losses and weights after steps 1, 2, 5,
    10, 20, 50 and 100 as far as `steps` goes, up to the first difference. `overrides` are of the run's spec.json, such
    as {"data.source": ...} for data that have moved. Raises InputError where there is nothing to compare with, or what
    there is cannot be read.
    """
    from nbcnn.training.events import ignore
    from nbcnn.training.verification import verify

    folder = Path(data_dir) if data_dir is not None else None
    report = on_event or ignore
    return verify(Path(run), overrides or {}, steps=steps, data_dir=folder, threads=threads, report=report)


def lr_find(
    described: Spec,
    *,
    lowest: float = 1e-7,
    highest: float = 10.0,
    steps: int = 100,
    out: AnyPath | None = None,
    data_dir: AnyPath | None = None,
    threads: int | None = None,
    on_event: "OnEvent | None" = None,
) -> "RateTest":
    """Train first weights of a spec at rates that rise from `lowest` to `highest`, to see where the loss falls fastest.

    All is as the spec says but for its schedule and averages; nothing is kept. The steps end where the smoothed loss
    grows to four times its least value. `out` is a .png, .svg or .pdf to draw the curve into, if any. Raises InputError
    for a spec, data, rates, steps or a file that do not do.
    """
    from nbcnn.training.events import ignore
    from nbcnn.training.lr_find import lr_find

    if out is not None:
        from nbcnn.pictures import figures

        figures.check(Path(out))
    found = lr_find(
        described,
        lowest=lowest,
        highest=highest,
        steps=steps,
        data_dir=None if data_dir is None else Path(data_dir),
        threads=threads,
        report=on_event or ignore,
    )
    if out is not None:
        figures.write(figures.rates(found, described.name), Path(out))
    return found


def preview(
    described: Spec,
    *,
    samples: int = 8,
    epochs: int = 6,
    data_dir: AnyPath | None = None,
    on_event: "OnEvent | None" = None,
) -> "Preview":
    """Some samples of a spec's training split, and what `[[augment]]` makes of each in the first `epochs` epochs.

    They are from all classes in turn. Raises InputError for a spec or data that do not do.
    """
    from nbcnn.training.events import ignore
    from nbcnn.training.preview import preview

    return preview(described, samples, epochs, None if data_dir is None else Path(data_dir), on_event or ignore)


def bench(
    described: Spec,
    *,
    mode: "Mode" = "training",
    batch_size: int | None = None,
    threads: int | None = None,
    rounds: int = 10,
    on_event: "OnEvent | None" = None,
) -> "Benchmark":
    """Time steps of a network on random numbers, as wholes and layer by layer, beside the most the machine computes.

    A step is an update in `mode` "training", outputs alone in "inference". `batch_size` is by default the spec's.
    `on_event` hears of what happens. Raises InputError for a spec, a batch or a number of threads that does not do.
    """
    from nbcnn.training.measuring import benchmark

    return benchmark(described, mode=mode, batch_size=batch_size, threads=threads, rounds=rounds, on_event=on_event)


def warmup(*described: Spec, on_event: "OnEvent | None" = None) -> "Warmth":
    """Compile ahead all that training, evaluating and predicting with these specs compiles, into the cache on disk.

    No data are read. `on_event` hears of what is compiled. Raises InvalidSpec, and InputError for a spec that cannot be
    trained.
    """
    from nbcnn.training.warming import warmup

    return warmup(described, on_event)
