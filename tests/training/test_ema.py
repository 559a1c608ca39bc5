"""Running averages of weights: which arrays they are of, and where they take the weights' place."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import FLATTEN, conv, linear, network
from reference_training import SGD, batch

from nbcnn.errors import InputError
from nbcnn.network import build
from nbcnn.spec import Spec, parse
from nbcnn.training.evaluation import evaluate_file
from nbcnn.training.fit import Model
from nbcnn.training.run import train
from nbcnn.training.trainer import Trainer
from nbcnn.weights import store

LAYERS = (
    conv(4, 3, name="frozen", trainable=False),
    {"type": "batch_norm", "name": "norm", "activation": "relu"},
    FLATTEN,
    linear(10, name="head"),
)
NET = network((1, 8, 8), *LAYERS)


def copies(model: Model) -> dict[str, np.ndarray]:
    return {key: value.copy() for key, value in {**model.parameters, **model.buffers}.items()}


@pytest.mark.parametrize("warmup", [False, True])
def test_weights_and_running_statistics_are_averaged_after_every_update(warmup: bool) -> None:
    """The first update's weights are the first averages, as in PyTorch's AveragedModel."""
    model = Model(NET, seed=1)
    trainer = Trainer(model, optimizer=SGD, ema={"decay": 0.5, "warmup": warmup})
    assert trainer.averaged is not None
    expected: dict[str, np.ndarray] = {}
    for update in range(1, 6):
        trainer.step(*batch(NET, 20, seed=update))
        decay = min(0.5, (1 + update) / (10 + update)) if warmup else 0.5
        for key, value in copies(model).items():
            expected[key] = decay * expected[key] + (1 - decay) * value if update > 1 else value.astype(np.float64)
    averages = copies(trainer.averaged)
    assert averages.keys() == expected.keys()
    for key, value in expected.items():
        np.testing.assert_allclose(averages[key], value, rtol=0, atol=2e-6 * np.abs(value).max())
        assert np.array_equal(averages[key], copies(model)[key]) == key.startswith("frozen")


def test_averages_follow_updates_and_not_batches() -> None:
    trainer = Trainer(Model(NET), optimizer=SGD, ema={"decay": 0.5}, accumulation_steps=2)
    assert trainer.averaged is not None
    before = copies(trainer.averaged)
    trainer.step(*batch(NET, 20))
    assert all(np.array_equal(value, before[key]) for key, value in copies(trainer.averaged).items())
    trainer.step(*batch(NET, 20))
    assert not np.array_equal(trainer.averaged.parameters["head.weight"], before["head.weight"])


def test_the_averaged_model_is_a_model(tmp_path: Path) -> None:
    model = Model(NET)
    model.normalization = {"mean": [0.5], "std": [2.0]}
    trainer = Trainer(model, optimizer=SGD, ema={"decay": 0.5})
    assert isinstance(trainer.averaged, Model)
    for seed in range(3):
        trainer.step(*batch(NET, 20, seed))
    trainer.averaged.save(tmp_path / "averaged.h5")
    loaded = Model.load(tmp_path / "averaged.h5")
    x, _ = batch(NET, 20)
    assert np.array_equal(loaded(x), trainer.averaged(x)) and not np.array_equal(model(x), trainer.averaged(x))


def test_a_copy_goes_on_with_averages_of_its_own() -> None:
    one = Trainer(Model(NET), optimizer=SGD, ema={"decay": 0.5})
    one.step(*batch(NET, 20))
    other = pickle.loads(pickle.dumps(one))
    for trainer in (one, other):
        trainer.step(*batch(NET, 20, seed=1))
    assert one.averaged is not None
    assert all(np.array_equal(value, copies(one.averaged)[key]) for key, value in copies(other.averaged).items())
    one.step(*batch(NET, 20, seed=2))
    assert not np.array_equal(one.averaged.parameters["head.weight"], other.averaged.parameters["head.weight"])
    assert other.averaged.parameters["frozen.weight"] is other.model.parameters["frozen.weight"]


@pytest.mark.parametrize(("table", "words"), [({"decay": 1.0}, "ema.decay"), ({"decai": 0.5}, '"decai"')])
def test_settings_that_are_none(table: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Trainer(Model(NET), ema=table)


def described(**ema: Any) -> Spec:
    return parse(
        {
            "input": {"shape": [1, 8, 8]},
            "layers": list(LAYERS),
            "data": {"source": "digits"},
            "train": {"epochs": 3, "batch_size": 100, "optimizer": {"type": "adam", "lr": 0.01}, "ema": ema},
        }
    )


def test_a_run_measures_and_keeps_the_averages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    result = train(described(decay=0.95), out="a")
    assert result.best.epoch == 3, "or last.h5 is of another epoch than model.h5"
    best, last = store.load(Path("a/model.h5")), store.load(Path("a/last.h5"))
    assert last.optimizer is not None
    averages = {key.removeprefix("average/"): value for key, value in last.optimizer.items() if "average/" in key}
    assert averages.keys() == {"norm.weight", "norm.bias", "head.weight", "head.bias", *best.buffers}
    for key, value in {**best.parameters, **best.buffers}.items():
        own = {**last.parameters, **last.buffers}[key]
        assert np.array_equal(value, averages.get(key, own)), key
        assert np.array_equal(value, own) == (key not in averages), key
        assert np.array_equal(value, copies(result.model)[key]), key
    measured = evaluate_file(Path("a/model.h5"), None, "validation", None, None, lambda event: None, "float32")
    assert measured.accuracy == result.best.val_accuracy and measured.loss == result.best.val_loss


def test_fit_ends_with_the_averages() -> None:
    net = build(described(decay=0.9))
    plain = build(net.spec.model_copy(update={"train": net.spec.train.model_copy(update={"ema": None})}))
    x, y = batch(net, 200)
    models = [Model(each) for each in (net, plain)]
    histories = [model.fit(x, y, epochs=2) for model in models]
    assert [each.loss for each in histories[0]] == [each.loss for each in histories[1]], "training is the same"
    assert not np.array_equal(models[0].parameters["head.weight"], models[1].parameters["head.weight"])
