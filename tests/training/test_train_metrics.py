"""Metrics of the training split in the history: `train_metrics = true`."""

import csv
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_engine import FakeModel, FakeTrainer

import nbcnn
from nbcnn.errors import DivergenceError, Interrupted
from nbcnn.network import build
from nbcnn.pictures.figures import curves
from nbcnn.pictures.source import read_history
from nbcnn.spec import Spec, parse
from nbcnn.training import evaluation, events
from nbcnn.training.evaluation import evaluate_file
from nbcnn.training.fit import Model
from nbcnn.training.record.first_steps import spec_digest
from nbcnn.training.record.history import record_of, row_of
from nbcnn.training.run import train
from nbcnn.weights import store

MakeSpec = Callable[..., Spec]

STEPS = 13
TIMES = {"seconds", "images_per_second", "input_wait"}
FIGURES = ("loss", "accuracy", "precision", "recall", "f1", "iou", "top5_accuracy", "roc_auc", "calibration_error")


def rows_of(run: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(run, "history.jsonl").read_text().splitlines()]


def untimed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in TIMES} for row in rows]


def test_they_are_those_of_eval_on_the_training_split(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    """Of samples as they are, though those that train are changed."""
    augmented = spec(train_metrics=True).model_copy(
        update={"augment": parse(spec().resolved() | {"augment": [{"type": "horizontal_flip"}]}).augment}
    )
    result = train(augmented, out="a")
    measured = evaluate_file(Path("a/model.h5"), None, "train", None, None, None, "float32")
    assert measured.samples == result.best.samples == 1298
    assert result.best.train_metrics == measured.figures and (*measured.figures,) == FIGURES
    row = rows_of("a")[result.best.epoch - 1]
    assert {name: row[f"train_{name}"] for name in FIGURES} == measured.figures
    assert row["train_accuracy"] > row["accuracy"], "they were counted before its last updates, and of flipped samples"


def test_they_are_columns_behind_all_others(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    plain, result = train(spec(), out="plain"), train(spec(train_metrics=True), out="a")
    with Path("a/history.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [{name: float(value) for name, value in row.items()} for row in table] == rows_of("a")
    assert [record_of(row) for row in rows_of("a")] == list(result.history)
    columns = (*row_of(plain.history[0]),)
    assert (*table[0],) == (*columns, *(f"train_{name}" for name in FIGURES))
    # They cost no other figure a bit.
    assert untimed(rows_of("plain")) == [
        {name: value for name, value in row.items() if name in columns} for row in untimed(rows_of("a"))
    ]


def test_without_validation_they_are_there_all_the_same(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    train(spec(data={"validation": 0.0}, train_metrics=True), out="a")
    names = [name for name in rows_of("a")[0] if name.startswith(("train_", "val_"))]
    assert names == ["val_loss", "val_accuracy", *(f"train_{name}" for name in FIGURES)]
    assert Path("a/history.csv").read_text().splitlines()[0].split(",") == [*rows_of("a")[0]]


@pytest.mark.parametrize("call", [2, 40])
def test_a_signal_ends_the_measuring_which_is_done_anew(
    fake_engine: type[FakeTrainer], spec: MakeSpec, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """Of 1,298 samples 50 at a time: in the training split of the first epoch, and in that of the second."""
    monkeypatch.setattr(evaluation, "CHUNK", 50)
    whole = train(spec(train_metrics=True), out="whole")
    splits: list[str] = []

    def interrupt(event: events.Event) -> None:
        if isinstance(event, events.Evaluating):
            splits.append(event.split)
            if len(splits) == call:
                signal.raise_signal(signal.SIGTERM)

    epoch = 1 if call == 2 else 2
    with pytest.raises(Interrupted, match=f"in epoch {epoch} of 3, after step {epoch * STEPS}"):
        train(spec(train_metrics=True), out="a", on_event=interrupt)
    assert len(splits) == call and splits[-1] == "train"
    assert len(rows_of("a")) == epoch - 1
    resumed = train(spec(train_metrics=True), out="a", resume=True)
    assert [each.train_metrics for each in resumed.history] == [each.train_metrics for each in whole.history]
    assert untimed(rows_of("a")) == untimed(rows_of("whole"))
    one, other = store.load(Path("a/last.h5")), store.load(Path("whole/last.h5"))
    assert all(np.array_equal(one.parameters[key], other.parameters[key]) for key in other.parameters)


def test_a_loss_that_is_not_a_number_is_told_of(
    fake_engine: type[FakeTrainer], spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "summed_loss", lambda *_: (float("inf"), 1.0))
    with pytest.raises(DivergenceError, match="epoch 1, step 13: the loss of the train split is inf"):
        train(spec(train_metrics=True), out="a")


def test_a_run_from_before_there_was_the_setting_goes_on(
    fake_engine: type[FakeTrainer], spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(spec(epochs=4), out="whole")
    snapshot = FakeModel.snapshot

    def of_before(model: FakeModel) -> store.Snapshot:
        given = snapshot(model)
        del given.spec["train"]["train_metrics"]
        return given

    with monkeypatch.context() as before:
        before.setattr(FakeModel, "snapshot", of_before)
        train(spec(epochs=2), out="a")
    older, facts = (json.loads(Path("a", name).read_text()) for name in ("spec.json", "run.json"))
    del older["train"]["train_metrics"]
    facts["first_steps"]["spec"] = spec_digest(older)
    for name, document in (("spec.json", older), ("run.json", facts)):
        Path("a", name).write_text(json.dumps(document))
    resumed = train(spec(epochs=4), out="a", resume=True)
    assert untimed([row_of(each) for each in resumed.history]) == untimed([row_of(each) for each in whole.history])
    assert nbcnn.verify("a").same


def test_curves_show_what_was_measured_alike(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    pytest.importorskip("matplotlib")
    train(spec(train_metrics=True), out="a")
    for axes, key in zip(curves([("a", read_history(Path("a")))]).axes, ("loss", "accuracy"), strict=True):
        shown = {line.get_label(): line.get_ydata().tolist() for line in axes.lines}
        assert shown["training"] == [row[f"train_{key}"] for row in rows_of("a")]
        assert shown["validation"] == [row[f"val_{key}"] for row in rows_of("a")]


def test_fit_measures_what_it_was_given() -> None:
    described = {
        "input": {"shape": [1, 6, 6]},
        "layers": [{"type": "flatten"}, {"type": "linear", "out_features": 2}],
        "train": {"epochs": 2, "batch_size": 20, "loss": "mse_loss", "train_metrics": True, "ema": {"decay": 0.9}},
    }
    random = np.random.default_rng(0)
    x, y = (random.standard_normal((90, *shape)).astype(np.float32) for shape in ((1, 6, 6), (2,)))
    model = Model(build(parse(described)))
    assert model.fit(x, y)[-1].train_metrics == model.evaluate(x, y).figures, "of the averages, which it ends with"
