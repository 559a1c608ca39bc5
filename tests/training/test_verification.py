"""A run notes its first steps, and `verify` tells whether they come out the same again, or what differs first."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_engine import SPEC, FakeTrainer

import nbcnn
from nbcnn.errors import InputError, Interrupted
from nbcnn.spec import Spec, load, parse
from nbcnn.training.run import train

MakeSpec = Callable[..., Spec]


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def first_steps(folder: str = "a") -> dict[str, Any]:
    return json.loads(Path(folder, "run.json").read_text())["first_steps"]


def test_a_run_is_repeated_from_its_folder(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    train(spec(), out="a")
    assert [each["step"] for each in first_steps()["steps"]] == [1, 2, 5, 10, 20]
    found = nbcnn.verify("a", steps=15)
    assert (found.same, found.steps, found.circumstances) == (True, 10, {})
    assert [each.what for each in found.compared] == [
        *("spec", "train data", "validation data", "test data", "initial weights"),
        *(f"step {step}: {what}" for step in (1, 2, 5, 10) for what in ("loss", "weights")),
    ]
    assert nbcnn.verify("a", steps=20).compared[-1].what == "step 20: weights"


def test_the_first_difference_ends_it_and_what_else_differs_is_told(
    fake_engine: type[FakeTrainer], spec: MakeSpec
) -> None:
    train(spec(), out="a")

    def change(facts: dict[str, Any]) -> None:
        facts["first_steps"]["steps"][2]["weights"] = "0" * 64
        start = facts["starts"][0]
        start["machine"] |= {"lanes": 4, "threads": 64, "memory_bytes": 1}
        start["versions"]["numba"] = "0.1"

    edit(Path("a/run.json"), change)
    found = nbcnn.verify("a")
    assert not found.same
    assert [each.what for each in found.compared if not each.same] == ["step 5: weights"] == [found.compared[-1].what]
    assert {name: then for name, (then, _) in found.circumstances.items()} == {"lanes": 4, "numba": "0.1"}


def test_another_spec_and_other_data_are_told_before_anything_is_repeated(
    fake_engine: type[FakeTrainer], spec: MakeSpec
) -> None:
    x = np.random.default_rng(0).random((60, 1, 8, 8), dtype=np.float32)
    y = np.arange(60) % 10
    np.savez("own.npz", x_train=x, y_train=y)
    train(parse(SPEC | {"data": {"source": "own.npz"}}), out="a")
    Path("own.npz").rename("moved.npz")
    assert nbcnn.verify("a", {"data.source": "../moved.npz"}).same
    x[0, 0, 0, 0] += 1
    np.savez("own.npz", x_train=x, y_train=y)
    assert nbcnn.verify("a").compared[-1].what in ("train data", "validation data")
    edit(Path("a/spec.json"), lambda document: document["train"]["optimizer"].update(lr=0.2))
    found = nbcnn.verify("a")
    assert [each.what for each in found.compared] == ["spec"] and not found.same


def test_epochs_that_came_later_change_nothing(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    """The schedule of the first steps is that of the epochs they were made for."""
    cosine = {"schedule": {"type": "cosine"}}
    train(spec(epochs=1, **cosine), out="a")
    train(spec(epochs=4, **cosine), out="a", resume=True)
    assert load("a/spec.json").train.epochs == 4
    assert [each["step"] for each in first_steps()["steps"]] == [1, 2, 5, 10]
    assert nbcnn.verify("a").same


def test_an_interrupted_run_has_the_same_notes(
    fake_engine: type[FakeTrainer], spec: MakeSpec, signal_in_step: Callable[..., Callable[[int], float]]
) -> None:
    train(spec(), out="whole")
    fake_engine.on_step = staticmethod(signal_in_step(7))
    with pytest.raises(Interrupted):
        train(spec(), out="a")
    assert [each["step"] for each in first_steps()["steps"]] == [1, 2, 5]
    fake_engine.on_step = None
    train(spec(), out="a", resume=True)
    assert first_steps("a") == first_steps("whole")


def test_notes_are_on_disk_before_a_run_is_killed(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    class Killed(BaseException):
        pass

    def look(step: int) -> float:
        if step == 11:
            assert [each["step"] for each in first_steps()["steps"]] == [1, 2, 5, 10]
            raise Killed
        return 1.0

    fake_engine.on_step = staticmethod(look)
    with pytest.raises(Killed):
        train(spec(), out="a")


@pytest.mark.parametrize(
    "notes",
    [None, [], {}, {"spec": "", "epochs": 3, "initial": 1, "steps": []}, {"steps": [{"step": 1}]}],
)
def test_a_run_without_notes_is_refused(fake_engine: type[FakeTrainer], spec: MakeSpec, notes: Any) -> None:
    train(spec(epochs=1), out="a")
    edit(Path("a/run.json"), lambda facts: facts.update(first_steps=notes))
    with pytest.raises(InputError, match=r"a: a run with notes on its first steps is expected, .* run\.json; name the"):
        nbcnn.verify("a")
    train(spec(epochs=2), out="a", resume=True)


def test_what_is_no_run_is_refused(fake_engine: type[FakeTrainer], spec: MakeSpec, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a run's folder is expected, this holds no run.json"):
        nbcnn.verify(tmp_path)
    train(spec(), out="a")
    edit(Path("a/run.json"), lambda facts: facts["first_steps"].update(steps=[]))
    with pytest.raises(InputError, match=r"steps = 10: of the steps that are noted \(none\) one at least is expected"):
        nbcnn.verify("a")


def test_all_that_a_run_can_do_is_repeated(tmp_path: Path) -> None:
    """The engine itself: other weights to begin with, augmentation, averages, several batches an update, chance."""
    document: dict[str, Any] = {
        "input": {"shape": [1, 8, 8]},
        "layers": [
            {"type": "conv", "out_channels": 4, "kernel_size": 3},
            {"type": "batch_norm"},
            {"type": "relu"},
            {"type": "flatten"},
            {"type": "dropout", "p": 0.2},
            {"type": "linear", "out_features": 10},
        ],
        "data": {"source": "digits", "loader_threads": 4},
        "augment": [{"type": "random_crop", "padding": 1}, {"type": "gaussian_noise"}],
        "train": {"epochs": 1, "batch_size": 50, "accumulation_steps": 2, "ema": {"decay": 0.9}},
    }
    nbcnn.Model(nbcnn.build(parse(document)), seed=5).save(tmp_path / "other.h5")
    document["pretrained"] = {"weights": str(tmp_path / "other.h5"), "exclude": ["linear1"]}
    nbcnn.train(parse(document), out=tmp_path / "run")
    found = nbcnn.verify(tmp_path / "run", {"pretrained.weights": str(tmp_path / "other.h5")}, threads=1)
    assert found.same and found.steps == 10, found
