"""Classes that are to count alike: by the loss's weights, and by how often they are drawn."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reference_training import SGD

from nbcnn import api
from nbcnn.data import Dataset
from nbcnn.errors import DataError, InputError, Interrupted
from nbcnn.network import Network, build
from nbcnn.spec import Spec, parse
from nbcnn.training import events
from nbcnn.training.balance import with_class_weights
from nbcnn.training.evaluation import evaluate_file
from nbcnn.training.fit import Model
from nbcnn.training.run import train
from nbcnn.training.trainer import Trainer
from nbcnn.weights import store

BALANCED = {"type": "cross_entropy", "weight": "balanced"}
FLAT: list[dict[str, Any]] = [{"type": "flatten"}, {"type": "linear", "out_features": 3}]


def described(layers: list[dict[str, Any]] = FLAT, **train_table: Any) -> Spec:
    settings = {"epochs": 2, "batch_size": 20, "optimizer": {"type": "adam", "lr": 0.01}, "loss": BALANCED}
    return parse(
        {
            "input": {"shape": [1, 4, 4]},
            "layers": layers,
            "data": {"source": "data.npz", "validation": 0.2},
            "train": settings | train_table,
        }
    )


def uneven(samples: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Images of three classes, 15, 3 and 2 of every 20."""
    y = np.digitize(np.arange(samples) % 20, [15, 18])
    x = np.random.default_rng(0).standard_normal((samples, 1, 4, 4), dtype=np.float32)
    x[np.arange(samples), 0, y, y] += 2.0
    return x, y


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    x, y = uneven()
    np.savez("data.npz", x_train=x, y_train=y, x_test=x[:20], y_test=y[:20])


def weights(network: Network, targets: np.ndarray) -> Any:
    inputs = np.zeros((len(targets), *network.input_shape), np.float32)
    return with_class_weights(network, Dataset(inputs, targets)).spec.train.loss.model_dump()["weight"]


def test_weights_are_scikit_learns() -> None:
    class_weight = pytest.importorskip("sklearn.utils.class_weight")
    y = np.random.default_rng(0).choice(3, 500, p=[0.7, 0.25, 0.05])
    expected = class_weight.compute_class_weight("balanced", classes=np.arange(3), y=y)
    assert weights(build(described()), y) == pytest.approx(expected.tolist(), rel=1e-15)


def test_weights_by_hand() -> None:
    """Of 10 targets in 3 classes: 10 / (3 x 6), 10 / (3 x 3), 10 / (3 x 1)."""
    y = np.array([0] * 6 + [1] * 3 + [2])
    assert weights(build(described()), y) == pytest.approx((10 / 18, 10 / 9, 10 / 3), rel=1e-15)


def test_pixels_count_and_those_that_are_ignored_do_not() -> None:
    layers = [{"type": "conv", "out_channels": 3, "kernel_size": 1}]
    network = build(described(layers, loss=BALANCED | {"ignore_index": 255}))
    y = np.full((2, 4, 4), 255)
    y[0, 0], y[0, 1, :2], y[1, 0, 0] = 0, 1, 2
    assert weights(network, y) == pytest.approx((7 / 12, 7 / 6, 7 / 3), rel=1e-15)


def test_a_class_that_does_not_occur_has_no_weight() -> None:
    with pytest.raises(DataError, match="each of 3 classes is expected .* class 1 does not occur"):
        weights(build(described()), np.array([0, 2, 2]))


def test_a_run_writes_numbers_into_all_that_it_saves(files: None) -> None:
    train(described(), out="a")
    saved = [json.loads(Path("a/spec.json").read_text())]
    saved += [store.load(Path("a") / name).spec for name in ("model.h5", "last.h5")]
    numbers = saved[0]["train"]["loss"]["weight"]
    assert all(each["train"]["loss"]["weight"] == numbers for each in saved)
    # 160 of the 200 samples train, stratified or not: the most frequent class counts least.
    assert len(numbers) == 3 and numbers[0] < 0.5 < 1.5 < numbers[1] < numbers[2]
    measured = evaluate_file(Path("a/model.h5"), None, "test", None, None, None, "float32")
    assert np.isfinite(measured.loss)
    again = train(described(epochs=3), out="a", resume=True)
    assert len(again.history) == 3


def test_fit_weighs_by_its_own_data() -> None:
    x, y = uneven()
    balanced, numbers = Model(build(described())), (200 / 450, 200 / 90, 200 / 60)
    given = Model(build(described(loss={"type": "cross_entropy", "weight": numbers})))
    histories = [model.fit(x, y) for model in (balanced, given)]
    assert [each.loss for each in histories[0]] == [each.loss for each in histories[1]]
    assert balanced.evaluate(x, y).loss == given.evaluate(x, y).loss


def test_without_data_weights_are_not_known() -> None:
    model = Model(build(described()))
    with pytest.raises(InputError, match="computed from the data when a run or `fit` begins"):
        Trainer(model, loss=BALANCED)
    with pytest.raises(InputError, match="computed from the data"):
        model.evaluate(*uneven())
    assert api.build(described()).report()["totals"]["training_bytes"], "and memory does not depend on them"
    assert api.bench(described(), rounds=1)


def test_a_run_draws_each_class_as_often(files: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted and resumed, it comes to the same bits."""
    spec = described(sampling="balanced", loss="cross_entropy", optimizer=SGD)
    drawn: list[np.ndarray] = []
    step_batch = Trainer.step_batch

    def noted(self: Trainer, inputs: Any, targets: Any, indices: Any, **options: Any) -> Any:
        drawn.append(targets[indices])
        return step_batch(self, inputs, targets, indices, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Trainer, "step_batch", noted)
        train(spec, out="whole")
    counts = np.bincount(np.concatenate(drawn))
    assert counts.sum() == 320 and np.ptp(counts) <= 2

    def interrupt(event: events.Event) -> None:
        if isinstance(event, events.Progress) and event.epoch == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match="in epoch 2 of 2, after step 9"):
        train(spec, out="parts", on_event=interrupt)
    train(spec, out="parts", resume=True)
    one, other = store.load(Path("whole/last.h5")), store.load(Path("parts/last.h5"))
    assert all(np.array_equal(value, other.parameters[key]) for key, value in one.parameters.items())
