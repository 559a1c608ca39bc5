"""Checkpoints that are damaged or lost: what a run goes on from, and that it comes to the same bits."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from fake_engine import SPEC, FakeModel, FakeTrainer

from nbcnn.errors import DataError, Interrupted, NbcnnError, WeightsError
from nbcnn.spec import Spec, parse
from nbcnn.training import evaluation, events
from nbcnn.training.record import checkpoints
from nbcnn.training.run import train
from nbcnn.weights import store

MakeSpec = Callable[..., Spec]
SignalInStep = Callable[..., Callable[[int], float]]
STEPS = 13


@pytest.fixture(autouse=True)
def save_after_every_epoch(fake_engine: type[FakeTrainer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "SHORTEST_INTERVAL", 0.0)
    monkeypatch.setattr(checkpoints, "SHARE_OF_TIME", 1e9)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def arrays(path: Path) -> dict[str, np.ndarray]:
    snapshot = store.load(path)
    return {**snapshot.parameters, **snapshot.buffers, **(snapshot.optimizer or {})}


def same(first: Path, second: Path) -> bool:
    one, other = arrays(first), arrays(second)
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


def interrupted(spec: Spec, fake_engine: type[FakeTrainer], on_step: Callable[[int], float], out: str = "a") -> None:
    fake_engine.on_step = staticmethod(on_step)
    with pytest.raises(Interrupted):
        train(spec, out=out)
    fake_engine.on_step = None


def test_the_last_two_are_kept(spec: MakeSpec) -> None:
    train(spec(), out="a")
    steps = [(store.load(Path("a") / name).trainer or {})["step"] for name in ("last.h5", "last.previous.h5")]
    assert steps == [3 * STEPS, 3 * STEPS]  # that of the last epoch, and that at the end
    train(spec(epochs=4), out="a", resume=True)
    train(spec(epochs=1), out="b")
    assert (store.load(Path("b/last.previous.h5")).trainer or {})["step"] == STEPS


def test_weights_that_have_not_moved_since_the_best_epoch(
    spec: MakeSpec, fake_engine: type[FakeTrainer], signal_in_step: SignalInStep
) -> None:
    still = spec(optimizer={"type": "sgd", "lr": 1e-60})
    interrupted(still, fake_engine, signal_in_step(2 * STEPS + 4))
    seen: list[events.Event] = []
    train(still, out="a", resume=True, on_event=seen.append)
    (resumed,) = (event for event in seen if isinstance(event, events.Resumed))
    assert (resumed.checkpoint, resumed.damage) == (Path("a/last.h5"), None)


@pytest.mark.parametrize("file", [".lock", "history.csv", "spec.json"])
@pytest.mark.parametrize("resume", [False, True])
def test_a_run_writes_through_no_link(
    spec: MakeSpec, fake_engine: type[FakeTrainer], signal_in_step: SignalInStep, file: str, resume: bool
) -> None:
    if resume:
        interrupted(spec(), fake_engine, signal_in_step(STEPS + 4))
        (Path("a") / file).unlink(missing_ok=True)
    Path("a").mkdir(exist_ok=True)
    Path("other").write_text("of the user")
    (Path("a") / file).symlink_to("../other")
    with pytest.raises(NbcnnError):
        train(spec(), out="a", resume=resume)
    assert Path("other").read_text() == "of the user"


@pytest.mark.parametrize("spoil", [cut, flip, Path.unlink, lambda path: path.write_bytes(b"")])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    spec: MakeSpec, fake_engine: type[FakeTrainer], signal_in_step: SignalInStep, spoil: Callable[[Path], object]
) -> None:
    train(spec(), out="whole")
    interrupted(spec(), fake_engine, signal_in_step(2 * STEPS + 4))
    spoil(Path("a/last.h5"))
    seen: list[events.Event] = []
    train(spec(), out="a", resume=True, on_event=seen.append)

    (resumed,) = (event for event in seen if isinstance(event, events.Resumed))
    assert (resumed.checkpoint, resumed.epoch, resumed.step) == (Path("a/last.previous.h5"), 3, 2 * STEPS)
    assert resumed.damage is not None and resumed.damage.startswith("a/last.h5: ")
    starts = json.loads(Path("a/run.json").read_text())["starts"]
    assert [start["checkpoint"] for start in starts] == [None, "last.previous.h5"]
    assert same(Path("whole/last.h5"), Path("a/last.h5"))
    assert Path("whole/model.h5").read_bytes() == Path("a/model.h5").read_bytes()


def test_a_damaged_checkpoint_never_takes_the_place_of_the_sound_one(
    spec: MakeSpec, fake_engine: type[FakeTrainer], signal_in_step: SignalInStep
) -> None:
    interrupted(spec(), fake_engine, signal_in_step(STEPS + 4))
    cut(Path("a/last.h5"))
    fake_engine.on_step = staticmethod(signal_in_step(STEPS + 1))
    with pytest.raises(Interrupted):
        train(spec(), out="a", resume=True)
    steps = [(store.load(Path("a") / name).trainer or {})["step"] for name in ("last.h5", "last.previous.h5")]
    assert steps == [STEPS + 1, STEPS]


def test_a_sound_checkpoint_is_named_too(spec: MakeSpec) -> None:
    train(spec(), out="a")
    seen: list[events.Event] = []
    train(spec(), out="a", resume=True, on_event=seen.append)
    assert events.Resumed(Path("a/last.h5"), 4, 3 * STEPS, None) in seen
    assert json.loads(Path("a/run.json").read_text())["starts"][-1]["checkpoint"] == "last.h5"


def test_no_sound_checkpoint_is_one_error_and_changes_nothing(spec: MakeSpec) -> None:
    train(spec(), out="a")
    for name in ("last.h5", "last.previous.h5"):
        cut(Path("a") / name)
    before = {path: path.read_bytes() for path in Path("a").iterdir()}
    with pytest.raises(WeightsError, match="a/last.h5: .*the one before it: a/last.previous.h5: .*truncated"):
        train(spec(), out="a", resume=True)
    assert before == {path: path.read_bytes() for path in Path("a").iterdir()}


def test_a_model_file_is_no_checkpoint(spec: MakeSpec) -> None:
    train(spec(), out="a")
    Path("a/model.h5").replace("a/last.h5")
    Path("a/last.previous.h5").unlink()
    with pytest.raises(WeightsError, match="the state of a training run is expected"):
        train(spec(), out="a", resume=True)


@pytest.mark.parametrize("spoil", [cut, Path.unlink])
@pytest.mark.parametrize("is_finished", [True, False])
def test_the_best_weights_are_written_anew(
    spec: MakeSpec,
    fake_engine: type[FakeTrainer],
    signal_in_step: SignalInStep,
    spoil: Callable[[Path], object],
    is_finished: bool,
) -> None:
    """Though the model has moved on from its best epoch, which is the first here."""
    changes = {"epochs": 4, "optimizer": {"type": "sgd", "lr": 0.3, "momentum": 0.9}}
    result = train(spec(**changes), out="whole")
    assert result.best.epoch == 1
    if is_finished:
        train(spec(**changes), out="a")
    else:
        interrupted(spec(**changes), fake_engine, signal_in_step(3 * STEPS + 4))
    spoil(Path("a/model.h5"))
    again = train(spec(**changes), out="a", resume=True)
    assert Path("whole/model.h5").read_bytes() == Path("a/model.h5").read_bytes()
    assert again.test is not None and result.test is not None and again.test.loss == result.test.loss


def test_best_weights_that_are_ahead_are_put_back(
    spec: MakeSpec, fake_engine: type[FakeTrainer], signal_in_step: SignalInStep
) -> None:
    """As a crash between the two files leaves it, where the run that goes on is to end sooner."""
    train(spec(epochs=1), out="short")
    interrupted(spec(), fake_engine, signal_in_step(STEPS + 4))
    train(spec(), out="long")
    Path("long/model.h5").replace("a/model.h5")
    train(spec(epochs=1), out="a", resume=True)
    assert Path("short/model.h5").read_bytes() == Path("a/model.h5").read_bytes()


def test_what_a_killed_process_left_half_written_is_removed(
    spec: MakeSpec, fake_engine: type[FakeTrainer], signal_in_step: SignalInStep
) -> None:
    interrupted(spec(), fake_engine, signal_in_step(4))
    mine = {".last.h5.partial", ".notes.txt.0123abcd.partial", "last.h5.0123abcd.partial"}
    for name in (*mine, ".last.h5.0123abcd.partial", ".run.json.89abcdef.partial"):
        Path("a", name).write_text("")
    train(spec(), out="a", resume=True)
    assert {path.name for path in Path("a").glob("*partial")} | {".last.h5.partial"} == mine
    assert Path("a/.last.h5.partial").exists() and not Path("a/.last.h5.0123abcd.partial").exists()


def test_the_list_of_weights_taken_is_written_anew(
    spec: MakeSpec, fake_engine: type[FakeTrainer], signal_in_step: SignalInStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Taken:
        def as_dict(self) -> dict[str, Any]:
            return {"weights": "base.h5"}

    monkeypatch.setattr("nbcnn.training.beginning.take_pretrained", lambda model: Taken())
    interrupted(spec(), fake_engine, signal_in_step(4))
    Path("a/pretrained.json").unlink()
    train(spec(), out="a", resume=True)
    assert json.loads(Path("a/pretrained.json").read_text()) == {"weights": "base.h5"}


def test_a_run_that_is_interrupted_before_its_first_file_leaves_no_folder(
    spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(model: FakeModel, *arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(FakeModel, "load_kernels", interrupt)
    Path("mine").mkdir()
    for out in (None, "a/b/c", "mine"):
        with pytest.raises(KeyboardInterrupt):
            train(spec(), out=out)
    assert [path.name for path in Path().iterdir()] == ["mine"]


def test_numbers_that_are_not_finite_leave_no_folder() -> None:
    x = np.random.default_rng(0).random((60, 1, 8, 8), dtype=np.float32)
    x[3] = np.nan
    with h5py.File("nan.h5", "w") as file:
        file["x"], file["y"] = x, np.arange(60) % 10
    with pytest.raises(DataError, match="finite"):
        train(parse(SPEC | {"data": {"source": "nan.h5"}}))
    assert not Path("runs").exists()


@pytest.mark.parametrize("epoch", [1, 3])
def test_a_signal_ends_the_validation_which_is_measured_anew(
    spec: MakeSpec, monkeypatch: pytest.MonkeyPatch, epoch: int
) -> None:
    monkeypatch.setattr(evaluation, "CHUNK", 50)
    described = spec(schedule={"type": "cosine"})
    whole = train(described, out="whole")
    measured: list[int] = []

    def interrupt(event: events.Event) -> None:
        if isinstance(event, events.Evaluating):
            measured.append(event.done)
            if len(measured) == 3 * epoch - 2:
                signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Interrupted, match=f"in epoch {epoch} of 3, after step {epoch * STEPS}"):
        train(described, out="a", on_event=interrupt)
    assert len(Path("a/history.jsonl").read_text().splitlines()) == epoch - 1
    resumed = train(described, out="a", resume=True)
    assert [(each.lr, each.loss, each.val_loss) for each in resumed.history] == [
        (each.lr, each.loss, each.val_loss) for each in whole.history
    ]
    assert same(Path("whole/last.h5"), Path("a/last.h5"))
