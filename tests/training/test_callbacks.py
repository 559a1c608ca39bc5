"""Callbacks, in runs with the fake engine and in `Model.fit`."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_engine import FakeTrainer
from networks import named

import nbcnn
from nbcnn.errors import DivergenceError, InputError, Interrupted
from nbcnn.spec import Spec
from nbcnn.training.epochs import Training
from nbcnn.training.events import EpochRecord
from nbcnn.training.run import train

MakeSpec = Callable[..., Spec]

GUIDE = Path(__file__).parents[2] / "docs" / "guide.md"
STEPS = 13


class Diary(nbcnn.Callback):
    """Writes down each call, with where the training stands."""

    on_paper = True  # is no method

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.losses: list[float] = []

    def on_train_begin(self, training: Training) -> None:
        self.calls.append(("train begin", training.step, len(training.history)))

    def on_epoch_begin(self, training: Training) -> None:
        self.calls.append(("epoch begin", training.step, training.epoch))

    def on_batch_end(self, training: Training, loss: float) -> None:
        self.losses.append(loss)

    def on_epoch_end(self, training: Training, record: EpochRecord) -> None:
        self.calls.append(("epoch end", training.step, record.epoch))

    def on_train_end(self, training: Training) -> None:
        self.calls.append(("train end", training.step, len(training.history)))


class StopAfter(nbcnn.Callback):
    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_epoch_end(self, training: Training, record: EpochRecord) -> None:
        if record.epoch == self.epoch:
            training.stop(f"{record.epoch} is enough")


def test_a_run_calls_every_method_in_its_turn(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    diary = Diary()
    result = train(spec(epochs=2), callbacks=[diary])
    assert diary.calls == [
        ("train begin", 0, 0),
        ("epoch begin", 0, 1),
        ("epoch end", STEPS, 1),
        ("epoch begin", STEPS, 2),
        ("epoch end", 2 * STEPS, 2),
        ("train end", 2 * STEPS, 2),
    ]
    assert len(diary.losses) == 2 * STEPS
    # 1,298 samples: twelve batches of 100 and one of 98.
    mean = (100 * sum(diary.losses[: STEPS - 1]) + 98 * diary.losses[STEPS - 1]) / 1298
    assert mean == pytest.approx(result.history[0].loss, rel=1e-12)


def test_what_is_on_disk_when_an_epoch_has_ended(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    class Look(nbcnn.Callback):
        rows: list[int] = []

        def on_epoch_end(self, training: Training, record: EpochRecord) -> None:
            assert training.out == Path("a") and training.settings.epochs == 2
            assert training.model.parameters["classes.weight"].shape == (10, 64)
            self.rows.append(len((training.out / "history.jsonl").read_text().splitlines()))

    train(spec(epochs=2), out="a", callbacks=[Look()])
    assert Look.rows == [1, 2]


def test_a_stop_ends_the_run_after_the_epoch_and_it_can_go_on(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    whole = train(spec(), out="whole")
    stopped = train(spec(), out="parts", callbacks=[StopAfter(2)])
    assert len(stopped.history) == 2 and stopped.stopped_early == "2 is enough" and stopped.test is not None
    resumed = train(spec(), out="parts", resume=True)
    assert len(resumed.history) == 3 and resumed.stopped_early is None
    assert np.array_equal(resumed.model.parameters["classes.weight"], whole.model.parameters["classes.weight"])


def test_a_stop_in_the_last_epoch_is_none(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    assert train(spec(), callbacks=[StopAfter(3)]).stopped_early is None


@pytest.mark.parametrize("hook", ["on_train_begin", "on_batch_end"])
def test_a_stop_before_an_epochs_end_leaves_the_epoch_whole(
    fake_engine: type[FakeTrainer], spec: MakeSpec, hook: str
) -> None:
    class Hasty(nbcnn.Callback):
        pass

    setattr(Hasty, hook, lambda self, training, *loss: training.stop("at once"))
    result = train(spec(), callbacks=[Hasty()])
    assert len(result.history) == 1 and result.stopped_early == "at once"
    assert result.history[0].samples == 1298


def test_the_end_is_told_after_a_signal_and_a_resumed_run_begins_within_the_epoch(
    fake_engine: type[FakeTrainer], spec: MakeSpec, signal_in_step: Callable[..., Callable[[int], float]]
) -> None:
    diary = Diary()
    fake_engine.on_step = staticmethod(signal_in_step(STEPS + 4))
    with pytest.raises(Interrupted):
        train(spec(), out="a", callbacks=[diary])
    assert diary.calls[-1] == ("train end", STEPS + 4, 1)
    fake_engine.on_step = None
    diary = Diary()
    train(spec(), out="a", resume=True, callbacks=[diary])
    assert diary.calls[:3] == [
        ("train begin", STEPS + 4, 1),
        ("epoch begin", STEPS + 4, 2),
        ("epoch end", 2 * STEPS, 2),
    ]


def test_the_end_is_told_after_divergence(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    diary = Diary()
    fake_engine.on_step = staticmethod(lambda step: float("nan") if step == 2 else 1.0)
    with pytest.raises(DivergenceError):
        train(spec(), callbacks=[diary])
    assert diary.calls[-1][0] == "train end" and len(diary.losses) == 1


def test_what_a_callback_raises_reaches_the_program_and_ends_the_others(
    fake_engine: type[FakeTrainer], spec: MakeSpec
) -> None:
    class Broken(nbcnn.Callback):
        def on_epoch_end(self, training: Training, record: EpochRecord) -> None:
            raise ZeroDivisionError("mine")

    diary = Diary()
    with pytest.raises(ZeroDivisionError, match="mine"):
        train(spec(), out="a", callbacks=[diary, Broken()])
    assert diary.calls[-1] == ("train end", STEPS, 1)


class Misspelt(nbcnn.Callback):
    def on_epoch_ended(self, training: Training, record: EpochRecord) -> None: ...


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        (Diary(), r"callbacks: a list is expected, .* write callbacks=\[\.\.\.\]"),
        ([Diary], r"received the class Diary; write Diary\(\)"),
        ([print], "objects of nbcnn.Callback are expected, received <built-in function print>"),
        ([Misspelt()], "Misspelt has on_epoch_ended, which nothing calls; .* the nearest is on_epoch_end"),
    ],
)
def test_what_is_no_callback_is_refused_before_anything_is_made(
    fake_engine: type[FakeTrainer], spec: MakeSpec, callbacks: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        train(spec(), out="a", callbacks=callbacks)
    assert not Path("a").exists()


def test_fit_calls_them_too() -> None:
    y = np.arange(40) % 5
    x = np.random.default_rng(0).standard_normal((40, 1, 9, 7)).astype(np.float32)
    diary = Diary()
    model = nbcnn.Model(named("padding, two pools"), seed=0)
    history = model.fit(x, y, epochs=5, batch_size=7, callbacks=[diary, StopAfter(2)])
    assert len(history) == 2 and len(diary.losses) == 12
    assert [call[0] for call in diary.calls] == ["train begin", *["epoch begin", "epoch end"] * 2, "train end"]
    with pytest.raises(InputError, match="received the class Diary"):
        model.fit(x, y, callbacks=[Diary])  # type: ignore[list-item]


def test_the_guides_callback(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    section = GUIDE.read_text().partition("## Callbacks")[2].partition("\n## ")[0]
    (example,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    fake_engine.on_step = staticmethod(lambda step: 100.0)
    names: dict[str, Any] = {"nbcnn": nbcnn, "spec": spec(epochs=8)}
    exec(example, names)
    assert names["result"].stopped_early == "the loss is still above 2.0"
    assert len(names["result"].history) == 4
