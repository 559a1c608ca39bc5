"""Event files for TensorBoard, read back."""

import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_engine import SPEC, FakeTrainer
from networks import named
from tensorboardX.proto.event_pb2 import Event

import nbcnn
from nbcnn.errors import InputError
from nbcnn.spec import Spec
from nbcnn.training.run import train

MakeSpec = Callable[..., Spec]


def events(folder: Path) -> list[Any]:
    """What the event files of a folder hold: records of a length, its checksum, as many bytes, and theirs."""
    found = []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        content, at = path.read_bytes(), 0
        while at < len(content):
            (length,) = struct.unpack_from("<Q", content, at)
            found.append(Event.FromString(content[at + 12 : at + 12 + length]))
            at += length + 16
    return found


def scalars(folder: Path) -> dict[str, dict[int, float]]:
    """Values by name and epoch."""
    found: dict[str, dict[int, float]] = {}
    for event in events(folder):
        for value in event.summary.value:
            found.setdefault(value.tag, {})[event.step] = value.simple_value
    return found


def test_a_run_writes_its_history(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    result = train(spec(), out="a", callbacks=[nbcnn.TensorBoard()])
    rows = [json.loads(line) for line in Path("a/history.jsonl").read_text().splitlines()]
    found = scalars(Path("a/tensorboard"))
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "val_f1", "lr", "images_per_second"} <= found.keys()
    assert not {"epoch", "samples", "correct", "seconds"} & found.keys()
    assert len(result.history) == 3
    for name, values in found.items():
        assert values == pytest.approx({row["epoch"]: row[name] for row in rows}, rel=1e-6)


def test_a_run_that_goes_on_replaces_epochs_that_are_trained_again(
    fake_engine: type[FakeTrainer], spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(spec(epochs=2), out="a", callbacks=[nbcnn.TensorBoard("logs")])
    train(spec(epochs=4), out="a", resume=True, callbacks=[nbcnn.TensorBoard("logs")])
    assert list(scalars(Path("logs"))["loss"]) == [1, 2, 3, 4]
    # From step 3 on TensorBoard forgets what it read before.
    assert [event.step for event in events(Path("logs")) if event.session_log.status == 1][-1] == 3


def test_figures_that_are_not_known_are_left_out(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    train(spec(data={"validation": 0.0}), callbacks=[nbcnn.TensorBoard("logs")])
    assert not any(name.startswith("val_") for name in scalars(Path("logs")))


def test_fit_wants_a_folder(tmp_path: Path) -> None:
    model = nbcnn.Model(named("padding, two pools"), seed=0)
    x, y = np.zeros((10, 1, 9, 7), np.float32), np.zeros(10, np.int64)
    with pytest.raises(InputError, match=r"no run's folder; write nbcnn.TensorBoard\(folder\)"):
        model.fit(x, y, epochs=1, callbacks=[nbcnn.TensorBoard()])
    model.fit(x, y, epochs=1, callbacks=[nbcnn.TensorBoard(tmp_path)])
    assert list(scalars(tmp_path)["loss"]) == [1]


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(InputError, match=r"tensorboardX; pip install 'nbcnn\[tensorboard\]'"):
        nbcnn.TensorBoard("logs")


def test_the_command(fake_engine: type[FakeTrainer], capfd: pytest.CaptureFixture[str]) -> None:
    from nbcnn_cli.main import main

    Path("softmax.json").write_text(json.dumps(SPEC))
    with pytest.raises(SystemExit) as end:
        main(["train", "softmax.json", "--tensorboard", "--out", "a"])
    assert end.value.code == 0
    assert list(scalars(Path("a/tensorboard"))["val_accuracy"]) == [1, 2, 3]
