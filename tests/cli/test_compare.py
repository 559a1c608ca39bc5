"""`nbcnn compare` on runs with the fake engine."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_engine import SPEC, FakeTrainer

import nbcnn
from nbcnn.spec import Spec, load
from nbcnn.training.run import train

Run = Callable[..., Any]
MakeSpec = Callable[..., Spec]


@pytest.fixture
def runs(fake_engine: type[FakeTrainer], spec: MakeSpec) -> list[str]:
    """Two runs of three epochs, and one of a single epoch without validation, in the current folder."""
    train(spec(), out="runs/a")
    slow = {"type": "sgd", "lr": 0.001, "momentum": 0.9}
    train(spec(optimizer=slow), out="runs/b")
    train(spec(epochs=1, data={"validation": 0.0}), out="c")
    return ["runs/a", "runs/b", "c"]


def untimed(text: str) -> str:
    return re.sub(r"\d+:\d\d", "0:00", text)


def test_json_has_figures_and_differences(nbcnn: Run, runs: list[str]) -> None:
    found = json.loads(nbcnn("compare", *runs, "--format", "json").out)
    first, second, third = found["runs"]
    history = [json.loads(line) for line in Path("runs/a/history.jsonl").read_text().splitlines()]
    best = history[first["best_epoch"] - 1]
    assert best["val_accuracy"] == max(row["val_accuracy"] for row in history)
    assert all(first[name] == best[name] for name in ("loss", "accuracy", "val_loss", "val_accuracy"))
    assert first["test_accuracy"] == json.loads(Path("runs/a/test.json").read_text())["accuracy"]
    assert first["params"] == 650 and first["epochs"] == 3 and first["outcome"] == "finished"
    assert first["seconds"] == pytest.approx(sum(row["seconds"] for row in history), abs=1e-3)
    assert second["val_loss"] > first["val_loss"] and third["val_loss"] is None
    assert found["differences"] == {
        "data.validation": [0.1, 0.1, 0.0],
        "train.epochs": [3, 3, 1],
        "train.optimizer.lr": [0.1, 0.001, 0.1],
    }


def test_text_is_a_line_for_a_run_and_its_settings(nbcnn: Run, runs: list[str]) -> None:
    lines = untimed(nbcnn("compare", *runs).out).splitlines()
    found = nbcnn_compare(runs)
    assert lines[0].split() == ["run", "epochs", "best", "validation", "test", "parameters", "time"]
    for line, run in zip(lines[1:4], found, strict=True):
        validation = "-" if run.val_accuracy is None else f"{100 * run.val_accuracy:.2f}%"
        test = f"{100 * run.test_accuracy:.2f}%"
        assert line.split() == [run.run, str(run.epochs), str(run.best_epoch), validation, test, "650", "0:00"]
    assert lines[4:] == [
        "",
        "runs/a: data.validation = 0.1, train.epochs = 3, train.optimizer.lr = 0.1",
        "runs/b: data.validation = 0.1, train.epochs = 3, train.optimizer.lr = 0.001",
        "c: data.validation = 0.0, train.epochs = 1, train.optimizer.lr = 0.1",
    ]


def nbcnn_compare(runs: list[str]) -> Any:
    return nbcnn.compare(runs).runs


def test_a_narrow_terminal_has_a_line_for_a_figure(
    nbcnn: Run, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    lines = untimed(nbcnn("compare", "runs/a", "runs/a").out).splitlines()
    assert lines[:4] == ["runs", "runs/a", "  epochs 3", f"  best {nbcnn_compare(['runs/a'])[0].best_epoch}"]
    assert lines[7] == "  time 0:00" and len(lines) == 15 and max(map(len, lines)) <= 40


def test_markdown(nbcnn: Run, runs: list[str]) -> None:
    lines = nbcnn("compare", *runs, "--format", "markdown").out.splitlines()
    assert lines[0] == "| run | epochs | best | validation | test | parameters | time |"
    assert lines[1] == "| --- | --: | --: | --: | --: | --: | --: |"
    assert lines[-1] == "| train.optimizer.lr | 0.1 | 0.001 | 0.1 |"


def test_a_run_that_has_not_ended(
    nbcnn: Run, fake_engine: type[FakeTrainer], spec: MakeSpec, signal_in_step: Callable[..., Callable[[int], float]]
) -> None:
    fake_engine.on_step = staticmethod(signal_in_step(4))
    with pytest.raises(Exception, match="interrupted"):
        train(spec(), out="a")
    with Path("a/history.jsonl").open("a") as file:
        file.write('{"epoch": 1, "lo')
    line = untimed(nbcnn("compare", "a").out).splitlines()[1]
    assert line.split() == ["a", "0", "-", "-", "-", "650", "0:00", "interrupted"]


def test_layers_are_named_and_many_settings_are_counted(
    nbcnn: Run, fake_engine: type[FakeTrainer], spec: MakeSpec
) -> None:
    described = spec(epochs=1)
    train(described, out="a")
    layers = (described.layers[0], described.layers[1].model_copy(update={"bias": False, "trainable": False}))
    train(described, out="b")
    Path("b/spec.json").write_text(json.dumps(described.model_copy(update={"layers": layers}).resolved()))
    found = json.loads(nbcnn("compare", "a", "b", "--format", "json").out)
    assert found["differences"] == {
        "layers.classes.bias": [True, False],
        "layers.classes.trainable": [True, False],
    }
    conv = [{"type": "conv", "name": f"c{number}", "out_channels": 2, "kernel_size": 1} for number in range(9)]
    resolved = described.resolved()
    Path("b/spec.json").write_text(json.dumps(resolved | {"layers": [*conv, *resolved["layers"]]}))
    text = nbcnn("compare", "a", "b").out
    assert re.search(r"b: .*layers\.c0\.type = \"conv\".*, and \d+ more, which --format json has\n", text)


def test_the_same_data_do_not_differ_wherever_runs_lie(
    nbcnn: Run, fake_engine: type[FakeTrainer], tmp_path: Path
) -> None:
    x = np.random.default_rng(0).random((60, 1, 8, 8), dtype=np.float32)
    np.savez("own.npz", x_train=x, y_train=np.arange(60) % 10)
    Path("own.json").write_text(json.dumps(SPEC | {"data": {"source": "own.npz"}}))
    for out in ("a", "deeper/b"):
        train(load(Path("own.json")), out=out)
    assert json.loads(nbcnn("compare", "a", "deeper/b", "--format", "json").out)["differences"] == {}


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("spec.json", None, "a: a run's folder is expected, this holds no spec.json; name one"),
        ("spec.json", "{", "spec.json"),
        ("history.jsonl", "3\n", "a/history.jsonl: line 1 is no row of a history"),
        ("history.jsonl", '{"epoch": "one"}\n', "a/history.jsonl: line 1 is no row of a history"),
        ("test.json", "[]", "a/test.json: .* move it away"),
        ("run.json", "\xff", "a/run.json: .* move it away"),
    ],
)
def test_what_is_no_run_is_refused(
    nbcnn: Run, fake_engine: type[FakeTrainer], spec: MakeSpec, file: str, content: str | None, message: str
) -> None:
    train(spec(epochs=1), out="a")
    if content is None:
        (Path("a") / file).unlink()
    else:
        (Path("a") / file).write_bytes(content.encode("latin-1"))
    outcome = nbcnn("compare", "a")
    assert outcome.code == 2 and outcome.out == "" and re.search(message, outcome.err)


def test_no_run_at_all(nbcnn: Run) -> None:
    assert nbcnn("compare").code == 2
    outcome = nbcnn("compare", "nowhere")
    assert outcome.code == 2
    assert "nowhere: a run's folder is expected, this is none; name one that `nbcnn train` wrote" in outcome.err


@pytest.mark.parametrize("figure", ["9" * 400, "true", "1e999", "NaN"])
def test_a_figure_in_a_strangers_test_json_is_a_finite_number(nbcnn: Run, runs: list[str], figure: str) -> None:
    Path("runs/a/test.json").write_text(f'{{"loss": 1, "accuracy": {figure}}}')
    assert nbcnn("compare", "runs/a").code == 0
    (found,) = nbcnn_compare(["runs/a"])
    assert (found.test_loss, found.test_accuracy) == (1, None)


def test_what_a_strangers_run_says_is_nothing_that_a_terminal_obeys(nbcnn: Run, runs: list[str]) -> None:
    path = Path("runs/a/run.json")
    for outcome in ("\x1b[2Jfailed", 7):
        facts = json.loads(path.read_text())
        facts["starts"][-1]["outcome"] = outcome
        path.write_text(json.dumps(facts))
        Path("runs/a/test.json").write_text('{"loss": "\\u001b[2J", "accuracy": "none"}')
        for output_format in ("text", "markdown"):
            done = nbcnn("compare", "runs/a", "c", "--format", output_format)
            assert done.code == 0 and "\x1b" not in done.out and "ended" in done.out
