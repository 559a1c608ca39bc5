"""Fine-tuning: a run that begins with another network's weights, and says which."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbcnn.errors import WeightsError
from nbcnn.network import build
from nbcnn.spec import Spec, load, parse
from nbcnn.training import events
from nbcnn.training.fit import Model
from nbcnn.training.run import train
from nbcnn.weights import store

CONV: dict[str, Any] = {"type": "conv", "name": "conv", "out_channels": 4, "kernel_size": 3, "activation": "relu"}


def described(classes: int, conv: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    layers = [CONV | (conv or {}), {"type": "flatten"}, {"type": "linear", "name": "head", "out_features": classes}]
    train_table = {"epochs": 1, "batch_size": 100, "optimizer": {"type": "adam", "lr": 0.01}}
    table = {"name": "tuned", "input": {"shape": [1, 8, 8]}, "layers": layers, "data": {"source": "digits"}}
    return table | {"train": train_table} | changes


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Model:
    """A network of other classes, whose weights are in base.h5 of the current folder."""
    monkeypatch.chdir(tmp_path)
    model = Model(build(parse(described(12))), seed=1)
    model.save("base.h5")
    return model


def tuned(**pretrained: Any) -> Spec:
    return parse(described(10, {"trainable": False}, pretrained={"weights": "base.h5"} | pretrained))


def test_a_run_begins_with_the_weights_and_tells_all(base: Model) -> None:
    seen: list[events.Event] = []
    result = train(tuned(), out="a", on_event=seen.append)
    (event,) = (each for each in seen if isinstance(each, events.Pretrained))
    (started,) = (each for each in seen if isinstance(each, events.Started))
    assert seen.index(event) < seen.index(started)
    assert result.pretrained is event.transfer
    assert json.loads(Path("a/pretrained.json").read_text()) == {
        "weights": "base.h5",
        "taken": ["conv.weight", "conv.bias"],
        "left": {
            "head.weight": "its shape is 10x144, the file's 12x144",
            "head.bias": "its shape is 10, the file's 12",
        },
        "unused": ["head.weight", "head.bias"],
    }
    # The layer that does not train still has the other network's weights; the one that does has learnt.
    assert np.array_equal(result.model.parameters["conv.weight"], base.parameters["conv.weight"])
    assert result.best.val_accuracy is not None and result.best.val_accuracy > 0.5
    assert store.load(Path("a/model.h5")).spec["pretrained"] == {"weights": "../base.h5", "exclude": []}


def test_resuming_asks_for_no_file(base: Model) -> None:
    spec = tuned()
    whole = train(spec.model_copy(update={"train": spec.train.model_copy(update={"epochs": 2})}), out="whole")
    train(spec, out="parts")
    Path("base.h5").unlink()
    seen: list[events.Event] = []
    more = spec.model_copy(update={"train": spec.train.model_copy(update={"epochs": 2})})
    resumed = train(more, out="parts", resume=True, on_event=seen.append)
    assert resumed.pretrained is None and not any(isinstance(each, events.Pretrained) for each in seen)
    for key, value in whole.model.parameters.items():
        assert np.array_equal(value, resumed.model.parameters[key])


def test_the_file_is_found_from_the_spec(base: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("tuned.json").write_text(json.dumps(described(10, pretrained={"weights": "base.h5"})))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    result = train(load(tmp_path / "tuned.json"), out="a")
    assert result.pretrained is not None and result.pretrained.weights == str(tmp_path / "base.h5")


@pytest.mark.parametrize(
    ("content", "words"), [(None, "no such file"), (b"none", "nothing.h5"), ("fits", "none fits the network")]
)
def test_what_cannot_be_taken_makes_no_folder(base: Model, content: bytes | str | None, words: str) -> None:
    if content == "fits":
        Model(build(parse(described(10, {"name": "other"}) | {"input": {"shape": [3, 9, 9]}}))).save("nothing.h5")
    elif isinstance(content, bytes):
        Path("nothing.h5").write_bytes(content)
    with pytest.raises(WeightsError, match=words):
        train(tuned(weights="nothing.h5"))
    assert not Path("runs").exists()
