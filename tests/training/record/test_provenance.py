"""run.json and test.json: what a run's folder tells besides its weights."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_engine import SPEC, FakeTrainer

import nbcnn
from nbcnn.errors import DataError, DivergenceError, Interrupted
from nbcnn.spec import Spec, load
from nbcnn.training.run import train

MakeSpec = Callable[..., Spec]
STEPS = 13


def facts(folder: str = "a") -> dict[str, Any]:
    return json.loads(Path(folder, "run.json").read_text())


def test_a_run_tells_what_is_needed_to_repeat_it(
    fake_engine: type[FakeTrainer], spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = os.path.expanduser("~")
    monkeypatch.setattr(sys, "argv", [f"{home}/bin/nbcnn", "train", "a.toml", "--data-dir", f"{home}/sets"])
    train(spec(), out="a", threads=1)
    said = facts()
    assert (said["name"], said["seed"], said["parameters"]) == ("softmax", 7, 650)
    assert said["data"]["source"] == "digits"
    assert said["data"]["samples"] == {"train": 1298, "validation": 144, "test": 355}
    assert {len(number) for number in said["data"]["checksums"].values()} == {64}
    (start,) = said["starts"]
    assert start["command"] == ["nbcnn", "train", "a.toml", "--data-dir", "~/sets"]
    assert start["started"] <= start["ended"] and start["started"].endswith("+00:00")
    assert (start["outcome"], start["first_step"], start["last_step"]) == ("finished", 0, 3 * STEPS)
    assert start["versions"].keys() == {"nbcnn", "python", "numpy", "h5py", "hdf5", "numba"}
    assert start["machine"]["threads"] == 1 and start["machine"]["cores"] == os.cpu_count()
    text = Path("a/run.json").read_text()
    assert home not in text and os.uname().nodename not in text


def test_the_same_samples_have_the_same_checksums(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    for folder, described in (("a", spec()), ("b", spec(epochs=1)), ("c", spec(seed=8))):
        train(described, out=folder)
    first, second, third = (facts(folder)["data"]["checksums"] for folder in "abc")
    assert first == second
    # Another seed holds other samples out for validation.
    assert first["test"] == third["test"] and first["train"] != third["train"]


def test_every_start_is_told(
    fake_engine: type[FakeTrainer], spec: MakeSpec, signal_in_step: Callable[..., Callable[[int], float]]
) -> None:
    fake_engine.on_step = staticmethod(signal_in_step(STEPS + 4))
    with pytest.raises(Interrupted):
        train(spec(), out="a")
    assert not Path("a/test.json").exists()
    fake_engine.on_step = None
    train(spec(), out="a", resume=True)
    train(
        spec(epochs=9, early_stopping={"patience": 1}, optimizer={"type": "sgd", "lr": 1e-30, "momentum": 0.9}), out="b"
    )
    starts = facts()["starts"]
    assert [(each["first_step"], each["last_step"], each["outcome"]) for each in starts] == [
        (0, STEPS + 4, "interrupted"),
        (STEPS + 4, 3 * STEPS, "finished"),
    ]
    (early,) = facts("b")["starts"]
    assert early["outcome"].startswith("stopped early: no epoch was better")


def test_a_start_that_is_killed_has_no_end(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    def look(step: int) -> float:
        (start,) = facts()["starts"]
        assert start["ended"] is start["outcome"] is start["last_step"] is None
        return float("nan")

    fake_engine.on_step = staticmethod(look)
    with pytest.raises(DivergenceError):
        train(spec(), out="a")
    assert facts()["starts"][0]["outcome"] == "diverged"


def test_the_test_split_is_told_as_eval_tells_it(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    result = train(spec(), out="a")
    told = json.loads(Path("a/test.json").read_text())
    assert result.test is not None
    assert told == {"epoch": result.best.epoch, **nbcnn.evaluate("a/model.h5").as_dict()}
    assert told["accuracy"] == result.test.accuracy


def own_data(spec: MakeSpec, first: float = 0.0) -> Path:
    """A spec in a folder of its own, with its data beside it."""
    Path("specs").mkdir(exist_ok=True)
    x = np.random.default_rng(0).random((60, 1, 8, 8), dtype=np.float32)
    x[0, 0, 0, 0] = first
    np.savez("specs/own.npz", x_train=x, y_train=np.arange(60) % 10, x_test=x[:20], y_test=np.arange(20) % 10)
    path = Path("specs/own.json")
    path.write_text(json.dumps(SPEC | {"data": {"source": "own.npz"}}))
    return path


def test_a_run_is_repeated_and_measured_from_its_folder(
    fake_engine: type[FakeTrainer], spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = train(load(own_data(spec)), out="runs/a")
    assert facts("runs/a")["data"]["source"] == "../../specs/own.npz"
    monkeypatch.setenv("NBCNN_DATA", str(tmp_path))  # else what is elsewhere would have to be named
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    train(load(Path("../runs/a/spec.json")), out="../runs/b")
    monkeypatch.chdir(tmp_path / "runs")
    assert Path("a/model.h5").read_bytes() == Path("b/model.h5").read_bytes()
    assert result.test is not None
    assert nbcnn.evaluate("a/model.h5").as_dict() == result.test.as_dict()
    monkeypatch.chdir(tmp_path)
    train(load(Path("specs/own.json"), {"train.epochs": 5}), out="runs/a", resume=True)
    assert len(facts("runs/a")["starts"]) == 2


def test_resume_refuses_as_many_other_samples(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    train(load(own_data(spec)), out="a")
    before = {path: path.read_bytes() for path in Path("a").iterdir()}
    own_data(spec, first=0.5)
    with pytest.raises(DataError, match="a/run.json: the (train|validation) split had the checksum .* start a new run"):
        train(load(Path("specs/own.json"), {"train.epochs": 5}), out="a", resume=True)
    assert before == {path: path.read_bytes() for path in Path("a").iterdir()}


@pytest.mark.parametrize("text", ["", "[]", '{"data": 1}', '{"data": {"checksums": []}, "starts": []}', "\xff"])
def test_resume_refuses_a_damaged_file(fake_engine: type[FakeTrainer], spec: MakeSpec, text: str) -> None:
    train(spec(), out="a")
    Path("a/run.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match="a/run.json: .* (expected|is none).*; move (it|the file) away"):
        train(spec(epochs=5), out="a", resume=True)
    Path("a/run.json").unlink()
    train(spec(epochs=5), out="a", resume=True)
    assert facts()["starts"][0]["first_step"] == 3 * STEPS
