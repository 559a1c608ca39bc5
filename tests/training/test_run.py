"""Whole runs, with a fake engine of a few lines of NumPy."""

import csv
import json
import signal
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_engine import SPEC, FakeModel, FakeTrainer

from nbcnn.errors import DataError, DivergenceError, InputError, Interrupted, SpecError
from nbcnn.spec import Spec, parse
from nbcnn.training import events
from nbcnn.training.record import checkpoints
from nbcnn.training.record.history import row_of
from nbcnn.training.run import train
from nbcnn.weights import store

MakeSpec = Callable[..., Spec]
SignalInStep = Callable[..., Callable[[int], float]]

# 1,442 images of digits less a tenth for validation, in batches of 100.
STEPS = 13
TIMES = {"seconds", "images_per_second", "input_wait"}


def untimed(record: events.EpochRecord | dict[str, Any]) -> dict[str, Any]:
    values = record if isinstance(record, dict) else asdict(record)
    return {key: value for key, value in values.items() if key not in TIMES}


def same_arrays(first: Path, second: Path) -> bool:
    one, other = store.load(first), store.load(second)
    assert one.parameters.keys() == other.parameters.keys()
    pairs = [(one.parameters[key], other.parameters[key]) for key in one.parameters]
    pairs += [((one.optimizer or {})[key], (other.optimizer or {})[key]) for key in one.optimizer or {}]
    return all(np.array_equal(a, b) for a, b in pairs)


def test_a_run_learns_and_writes_its_files(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    seen: list[events.Event] = []
    result = train(spec(), on_event=seen.append)

    assert result.out == Path("runs/softmax-1")
    assert {path.name for path in result.out.iterdir()} == {
        "history.csv",
        "history.jsonl",
        "last.h5",
        "last.previous.h5",
        "model.h5",
        "run.json",
        "spec.json",
        "test.json",
    }
    assert result.test is not None and result.test.samples == 355 and result.test.accuracy > 0.85
    assert result.test.confusion.sum() == 355
    assert [record.epoch for record in result.history] == [1, 2, 3]
    assert all(record.samples == 1298 and record.correct == round(record.accuracy * 1298) for record in result.history)
    assert parse(json.loads((result.out / "spec.json").read_text())) == spec()
    # A busy machine reports on the reading of the data, too.
    assert next(type(event) for event in seen if not isinstance(event, events.Loading)) is events.Compiling
    started = next(event for event in seen if isinstance(event, events.Started))
    assert (started.steps_per_epoch, started.step, started.epoch) == (STEPS, 0, 0)
    assert sum(isinstance(event, events.EpochFinished) for event in seen) == 3
    assert any(isinstance(event, events.Progress) for event in seen)


def test_history_files_agree_with_the_result(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    result = train(spec(), out="a")
    rows = [json.loads(line) for line in Path("a/history.jsonl").read_text().splitlines()]
    assert rows == [row_of(record) for record in result.history]
    with Path("a/history.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [{key: float(value) for key, value in row.items()} for row in table] == rows


def test_model_file_holds_the_best_epoch(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    result = train(spec(epochs=6), out="a")
    saved = store.load(Path("a/model.h5"))
    assert saved.provenance["epoch"] == result.best.epoch
    assert saved.provenance["val_accuracy"] == max(record.val_accuracy or 0 for record in result.history)
    assert saved.optimizer is None and saved.trainer is None
    assert saved.classes == tuple("0123456789")
    assert saved.normalization is not None and 0.2 < saved.normalization["mean"][0] < 0.4
    for key, values in saved.parameters.items():
        assert np.array_equal(values, result.model.parameters[key])


def test_without_validation_all_samples_train(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    result = train(spec(data={"validation": 0.0, "normalize": False}))
    assert result.history[0].samples == 1442
    assert result.history[0].val_loss is None and result.history[0].val_accuracy is None
    assert result.best.loss == min(record.loss for record in result.history)
    assert result.model.normalization is None
    assert ",,," in (result.out / "history.csv").read_text()


def test_the_same_spec_gives_the_same_file(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    first, second = train(spec()), train(spec())
    assert first.out != second.out
    assert (first.out / "model.h5").read_bytes() == (second.out / "model.h5").read_bytes()


@pytest.mark.parametrize("step", [1, 5, STEPS, STEPS + 4, 3 * STEPS - 1])
def test_an_interrupted_run_resumes_bit_for_bit(
    fake_engine: type[FakeTrainer], spec: MakeSpec, signal_in_step: SignalInStep, step: int
) -> None:
    whole = train(spec(), out="whole")
    fake_engine.on_step = staticmethod(signal_in_step(step))
    with pytest.raises(Interrupted, match=f"after step {step};.*--resume") as interrupt:
        train(spec(), out="parts")
    assert interrupt.value.exit_code == 130
    fake_engine.on_step = None
    resumed = train(spec(), out="parts", resume=True)

    assert same_arrays(Path("whole/model.h5"), Path("parts/model.h5"))
    assert same_arrays(Path("whole/last.h5"), Path("parts/last.h5"))
    assert list(map(untimed, resumed.history)) == list(map(untimed, whole.history))
    rows = [json.loads(line) for line in Path("parts/history.jsonl").read_text().splitlines()]
    assert rows == [row_of(record) for record in resumed.history]


def test_a_signal_in_the_last_step_leaves_only_the_test(
    fake_engine: type[FakeTrainer], spec: MakeSpec, signal_in_step: SignalInStep
) -> None:
    fake_engine.on_step = staticmethod(signal_in_step(3 * STEPS, signal.SIGTERM))
    with pytest.raises(Interrupted) as interrupt:
        train(spec(), out="a")
    assert interrupt.value.exit_code == 143
    result = train(spec(), out="a", resume=True)
    assert len(result.history) == 3 and result.test is not None


def test_a_finished_run_goes_on_for_more_epochs(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    whole = train(spec(epochs=5), out="whole")
    train(spec(epochs=2), out="parts")
    more = train(spec(epochs=5), out="parts", resume=True)
    assert list(map(untimed, more.history)) == list(map(untimed, whole.history))
    assert same_arrays(Path("whole/last.h5"), Path("parts/last.h5"))


def test_a_killed_run_resumes_from_its_last_save(
    fake_engine: type[FakeTrainer], spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of the history that last.h5 does not know of, even half a row, are written again."""

    class Killed(BaseException):
        pass

    def on_step(step: int) -> float:
        if step == 2 * STEPS + 3:
            raise Killed
        return 1.0

    monkeypatch.setattr(checkpoints, "SHORTEST_INTERVAL", 0.0)
    monkeypatch.setattr(checkpoints, "SHARE_OF_TIME", 1e9)
    whole = train(spec(), out="whole")
    fake_engine.on_step = staticmethod(on_step)
    with pytest.raises(Killed):
        train(spec(), out="parts")
    fake_engine.on_step = None
    with Path("parts/history.jsonl").open("a") as file:
        file.write('{"epoch": 3, "lo')
    resumed = train(spec(), out="parts", resume=True)
    assert list(map(untimed, resumed.history)) == list(map(untimed, whole.history))
    assert len(Path("parts/history.jsonl").read_text().splitlines()) == 3
    assert same_arrays(Path("whole/model.h5"), Path("parts/model.h5"))


def test_epochs_of_milliseconds_do_not_each_wait_for_the_disk(
    fake_engine: type[FakeTrainer], spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[str] = []
    save = store.save
    monkeypatch.setattr(store, "save", lambda path, *others: (saved.append(path.name), save(path, *others)))
    monkeypatch.setattr(checkpoints, "SHORTEST_INTERVAL", 60.0)
    train(spec(epochs=10))
    assert saved == ["last.h5", "model.h5", "last.h5"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_divergence_is_told_and_keeps_the_last_good_checkpoint(
    fake_engine: type[FakeTrainer], spec: MakeSpec, value: float
) -> None:
    fake_engine.on_step = staticmethod(lambda step: value if step == STEPS + 2 else 1.0)
    with pytest.raises(DivergenceError, match=rf"epoch 2, step {STEPS + 2}:.* is {value}.*last.h5.*below 0.1") as error:
        train(spec(), out="a")
    assert error.value.exit_code == 1
    assert all(np.isfinite(values).all() for values in store.load(Path("a/last.h5")).parameters.values())
    assert store.load(Path("a/model.h5")).provenance["epoch"] == 1


def test_weights_that_diverge_without_a_loss_are_not_saved(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    with pytest.raises(DivergenceError, match="epoch 1"):
        train(spec(optimizer={"type": "sgd", "lr": 3e38, "momentum": 0.9}, batch_size=5000), out="a")
    assert all(np.isfinite(values).all() for values in store.load(Path("a/last.h5")).parameters.values())
    assert not Path("a/model.h5").exists()


def test_a_used_folder_is_refused_and_left_alone(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    train(spec(), out="a")
    before = {path: path.read_bytes() for path in Path("a").iterdir()}
    with pytest.raises(InputError, match="a: the folder holds .*last.h5.*nothing is overwritten"):
        train(spec(), out="a")
    assert before == {path: path.read_bytes() for path in Path("a").iterdir()}


def test_resume_refuses_another_spec(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    train(spec(), out="a")
    before = {path: path.read_bytes() for path in Path("a").iterdir()}
    with pytest.raises(SpecError, match=r"a/last.h5: the run to resume has train\.batch_size = 100, the spec 50"):
        train(spec(batch_size=50), out="a", resume=True)
    with pytest.raises(SpecError, match=r"data\.normalize = True, the spec False"):
        train(spec(data={"normalize": False}), out="a", resume=True)
    layers = (spec().layers[0], spec().layers[1].model_copy(update={"name": "other"}))
    with pytest.raises(SpecError, match=r"layers\.1\.name = classes, the spec other"):
        train(spec().model_copy(update={"layers": layers}), out="a", resume=True)
    assert before == {path: path.read_bytes() for path in Path("a").iterdir()}


def test_resume_refuses_other_data(
    fake_engine: type[FakeTrainer], spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbcnn import data

    train(spec(), out="a")
    load = data.load

    def fewer(*arguments: Any, **options: Any) -> data.Splits:
        splits = load(*arguments, **options)
        return replace(splits, train=splits.train.take(np.arange(500)))

    monkeypatch.setattr(data, "load", fewer)
    with pytest.raises(DataError, match="took 39 steps in 3 epochs, with 450 training samples it would be 15"):
        train(spec(), out="a", resume=True)


def test_a_spec_without_data_is_refused_before_a_folder_is_made(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    with pytest.raises(SpecError, match="no .data. table"):
        train(spec().model_copy(update={"data": None}))
    assert not Path("runs").exists()


def test_missing_data_is_refused_before_a_folder_is_made(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    with pytest.raises(DataError, match="nothing.npz"):
        train(spec(data={"source": "nothing.npz"}))
    assert not Path("runs").exists()


def test_an_image_for_output_wants_a_label_a_pixel(fake_engine: type[FakeTrainer]) -> None:
    described = parse(SPEC | {"layers": [{"type": "conv", "out_channels": 2, "kernel_size": 3}]})
    with pytest.raises(DataError, match=r"one for each pixel, of shape \(1442, 6, 6\), .* flatten and linear"):
        train(described)


def test_labels_beyond_the_outputs_are_refused(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    layers = (spec().layers[0], spec().layers[1].model_copy(update={"out_features": 9}))
    with pytest.raises(DataError, match="0 to 8"):
        train(spec().model_copy(update={"layers": layers}))


@pytest.mark.parametrize("count", [0, 100_000])
def test_refuses_threads_that_there_are_not(fake_engine: type[FakeTrainer], spec: MakeSpec, count: int) -> None:
    with pytest.raises(InputError, match=f"threads = {count}: from 1 to "):
        train(spec(), threads=count)


def test_running_statistics_that_diverge_are_not_saved(
    fake_engine: type[FakeTrainer], spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(model: FakeModel, *arguments: object) -> None:
        model.buffers = {"bn1.running_var": np.array([np.inf], np.float32)}

    monkeypatch.setattr(FakeModel, "load_kernels", spoil)
    with pytest.raises(DivergenceError, match="bn1.running_var holds numbers that are not finite"):
        train(spec(), out="a")
