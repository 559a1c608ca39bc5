"""Training with every loss: the Trainer's steps, what evaluation measures, whole runs that classify no images."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import FLATTEN, conv, linear, network
from reference_training import ReferenceTrainer, assert_same_loss, assert_same_weights

from nbcnn import build, data, functional, train
from nbcnn.data import Dataset
from nbcnn.errors import DivergenceError, InputError, SpecError
from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.model import Model
from nbcnn.spec import parse
from nbcnn.training import evaluation
from nbcnn.training.evaluation import evaluate
from nbcnn.training.fit import Model as FittedModel
from nbcnn.training.trainer import Trainer

SGD = {"type": "sgd", "lr": 0.1, "momentum": 0.9}
PIXELS = network((2, 5, 6), conv(4, 3, padding=1, activation="tanh"), conv(3, 1))
FEATURES = network((2, 5, 6), conv(4, 3, activation="relu"), FLATTEN, linear(3))
VOLUMES = network((1, 3, 4, 2), conv(2, (2, 2, 1)))
NETWORKS = {"pixels": PIXELS, "features": FEATURES, "volumes": VOLUMES}
WEIGHTED = {"type": "cross_entropy", "weight": [0.5, 1.0, 2.0], "label_smoothing": 0.1, "ignore_index": 1}
LOSSES: list[tuple[str, Any]] = [
    ("pixels", "cross_entropy"),
    ("volumes", "cross_entropy"),
    ("pixels", WEIGHTED),
    ("features", WEIGHTED),
    ("features", "mse_loss"),
    ("pixels", "mse_loss"),
    ("features", "l1_loss"),
    ("pixels", {"type": "huber_loss", "delta": 0.3}),
    ("volumes", "huber_loss"),
    ("features", "binary_cross_entropy_with_logits"),
    ("pixels", {"type": "binary_cross_entropy_with_logits", "pos_weight": 3.0}),
]


def batch(name: str, loss: Any, samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    net, random = NETWORKS[name], np.random.default_rng(seed)
    x = random.standard_normal((samples, *net.input_shape), dtype=np.float32)
    kind = loss if isinstance(loss, str) else loss["type"]
    channels, *space = net.output_shape
    if kind == "cross_entropy":
        return x, random.integers(0, channels, (samples, *space))
    y = random.standard_normal((samples, channels, *space), dtype=np.float32)
    return x, (y > 0).astype(np.float32) if kind.startswith("binary") else y


def follow(name: str, loss: Any) -> None:
    model = Model(NETWORKS[name], seed=3)
    reference = ReferenceTrainer(NETWORKS[name], model.parameters, SGD, loss=loss)
    trainer = Trainer(model, loss=loss, optimizer=SGD)
    for number, samples in enumerate((19, 19, 6)):
        x, y = batch(name, loss, samples, number)
        assert_same_loss(trainer.step(x, y), reference.step(x, y))
    assert_same_weights(model.parameters, reference.parameters)


@pytest.mark.parametrize(("name", "loss"), LOSSES, ids=str)
def test_steps_are_those_of_the_reference(name: str, loss: Any) -> None:
    follow(name, loss)


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("loss", [WEIGHTED, "huber_loss"], ids=["classes", "numbers"])
def test_at_every_lane_count(loss: Any, lanes: int) -> None:
    with using(lanes):
        follow("pixels", loss)


def test_bytes_are_read_as_bytes_and_targets_beside_them_as_numbers() -> None:
    x = np.random.default_rng(0).integers(0, 256, (9, 2, 5, 6), dtype=np.uint8)
    _, y = batch("features", "mse_loss", 9, 0)
    losses = [Trainer(Model(FEATURES), loss="mse_loss").step(each, y) for each in (x, x / np.float32(255))]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_a_batch_of_nothing_that_counts_is_no_number_and_moves_nothing() -> None:
    model = Model(PIXELS)
    before = {key: value.copy() for key, value in model.parameters.items()}
    x, y = batch("pixels", "cross_entropy", 3, 0)
    nothing = np.full_like(y, -100)
    sgd = {"type": "sgd", "lr": 0.1}
    assert np.isnan(Trainer(model, optimizer=sgd, non_finite="skip").step(x, nothing))
    with pytest.raises(DivergenceError, match=r"no target of the batch counts, all are ignore_index \(=-100\); leave"):
        Trainer(model, optimizer=sgd).step(x, nothing)
    assert all(np.array_equal(value, before[key]) for key, value in model.parameters.items())


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        ("cross_entropy", np.zeros((4, 3, 5, 6)), r"one for each pixel, of shape \(4, 5, 6\)"),
        ("cross_entropy", np.zeros((4, 5, 6)), "as integers"),
        ("cross_entropy", np.full((4, 5, 6), 3), "from 0 to 2"),
        ("mse_loss", np.zeros((4, 5, 6)), r"of shape \(4, 3, 5, 6\)"),
        ("mse_loss", np.full((4, 3, 5, 6), np.inf), "finite"),
        ("l1_loss", np.full((4, 3, 5, 6), "a"), "numbers are expected"),
        ("binary_cross_entropy_with_logits", np.full((4, 3, 5, 6), 1.5), "from 0 to 1"),
    ],
)
def test_targets_that_do_not_fit_are_refused(loss: str, y: np.ndarray, message: str) -> None:
    x, _ = batch("pixels", "cross_entropy", 4, 0)
    with pytest.raises(InputError, match=f"y: .*{message}"):
        Trainer(Model(PIXELS), loss=loss).step(x, y)


def test_class_numbers_are_refused_where_numbers_are_read() -> None:
    x, y = batch("features", "cross_entropy", 4, 0)
    with pytest.raises(InputError, match="float32"):
        Trainer(Model(FEATURES), loss="mse_loss").step_batch(x, np.tile(y[:, None], 3), np.arange(4))


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ({"type": "cross_entropy", "weight": [1.0, 2.0]}, "weight has 2 numbers.* 3 channels; give one"),
        ({"type": "cross_entropy", "weight": [0.0, 0.0, 0.0]}, "all 3 numbers of weight are 0"),
        ({"type": "huber_loss", "delta": -1.0}, "delta: expected a number above 0"),
        ({"type": "cross_entropy", "smoothing": 0.1}, "unknown key"),
        ({"type": "cross_entropy", "label_smoothing": 1.1}, "at most 1"),
        (3, "loss"),
    ],
)
def test_losses_that_do_not_fit_are_refused(loss: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Trainer(Model(PIXELS), loss=loss)


def spec(layers: list[dict], shape: tuple[int, ...], loss: Any, **train: Any) -> dict[str, Any]:
    table = {"epochs": 15, "batch_size": 16, "loss": loss, "optimizer": {"type": "adam", "lr": 0.01}} | train
    return {"name": "net", "input": {"shape": shape}, "layers": layers, "train": table}


def test_a_weight_that_does_not_fit_is_refused_when_the_network_is_built() -> None:
    with pytest.raises(SpecError, match="train.loss: weight has 2 numbers"):
        build(parse(spec([conv(3, 1)], (1, 4, 4), {"type": "cross_entropy", "weight": [1, 2]})))


@pytest.mark.parametrize(("name", "loss"), LOSSES, ids=str)
def test_evaluation_measures_what_training_makes_small(name: str, loss: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "CHUNK", 4)
    described = NETWORKS[name].spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    model = Model(build(parse(described | {"train": {"loss": loss}})))
    x, y = batch(name, loss, 10, 0)
    measured = evaluate(model, Dataset(x, y))
    settings = model.network.spec.train.loss.settings
    weight = {} if settings.get("ignore_index", -100) == -100 else {"weight": WEIGHTED["weight"]}
    expected = getattr(functional, model.network.spec.train.loss.type)(model(x), y, **settings, **weight)
    assert measured.loss == pytest.approx(float(expected), rel=1e-6)
    guesses = model(x).argmax(axis=1)
    if y.dtype == np.int64:
        counted = y != settings["ignore_index"]
        assert measured.accuracy == pytest.approx((guesses == y)[counted].mean())
        assert measured.confusion is not None and measured.confusion.sum() == counted.sum()
    elif "binary" in str(loss):
        assert measured.accuracy == pytest.approx(((model(x) > 0) == (y > 0.5)).mean())
    else:
        assert measured.accuracy is None and measured.confusion is None and measured.per_class == ()


def shapes(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noisy images of one bright rectangle each, and which pixels belong to it."""
    random = np.random.default_rng(seed)
    y = np.zeros((count, 12, 12), np.uint8)
    for mask in y:
        (top, left), (height, width) = random.integers(0, 6, 2), random.integers(3, 7, 2)
        mask[top : top + height, left : left + width] = 1
    x = y[:, np.newaxis] * 1.0 + 0.4 * random.standard_normal((count, 1, 12, 12))
    return x.astype(np.float32), y


def test_a_segmentation_network_learns_its_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    x, y = shapes(200, 0)
    y[:, 0, 0] = 255  # unknown
    x_test, y_test = shapes(50, 1)
    np.savez("shapes.npz", x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    layers = [conv(8, 5, padding=2, activation="relu"), conv(2, 3, padding=1)]
    loss = {"type": "cross_entropy", "ignore_index": 255, "weight": [1.0, 2.0]}
    result = train(parse(spec(layers, (1, 12, 12), loss) | {"data": {"source": "shapes.npz"}}), out="run")
    assert result.test is not None and result.test.accuracy is not None and result.test.confusion is not None
    assert result.test.accuracy > 0.95
    assert result.test.confusion.sum() == 50 * 144
    first, last = result.history[0], result.history[-1]
    assert last.samples == 180 and last.correct == round((last.accuracy or 0) * 180 * 143)
    assert (last.accuracy or 0) > 0.95 and last.loss < 0.5 * first.loss
    assert result.best.val_accuracy == max(record.val_accuracy or 0 for record in result.history)
    recall = [each.recall for each in result.test.per_class]
    assert [each.label for each in result.test.per_class] == ["0", "1"] and min(share or 0 for share in recall) > 0.9


def test_masks_of_yes_and_no_need_one_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    x, y = shapes(200, 0)
    np.savez("shapes.npz", x=x, y=y)
    layers = [conv(8, 5, padding=2, activation="relu"), conv(1, 3, padding=1)]
    described = spec(layers, (1, 12, 12), "binary_cross_entropy_with_logits") | {"data": {"source": "shapes.npz"}}
    assert (train(parse(described), out="run").best.val_accuracy or 0) > 0.95


def test_a_regression_network_learns_where_the_spot_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    y = random.uniform(2.0, 9.0, (400, 2)).astype(np.float32)
    rows, columns = np.mgrid[:12, :12]
    x = np.exp(-0.5 * ((rows - y[:, :1, None]) ** 2 + (columns - y[:, 1:, None]) ** 2))[:, None].astype(np.float32)
    np.savez("spots.npz", x_train=x[:300], y_train=y[:300], x_test=x[300:], y_test=y[300:])
    layers = [conv(8, 3, activation="relu"), FLATTEN, linear(2)]
    result = train(parse(spec(layers, (1, 12, 12), "mse_loss") | {"data": {"source": "spots.npz"}}), out="run")
    assert result.test is not None and result.test.loss < 0.2  # the variance is 4
    assert result.test.accuracy is None and result.test.confusion is None
    assert result.best.val_loss == min(record.val_loss or np.inf for record in result.history)
    rows_ = [json.loads(line) for line in Path("run/history.jsonl").read_text().splitlines()]
    assert all(row["accuracy"] is row["correct"] is row["val_accuracy"] is None for row in rows_)
    resumed = train(
        parse(spec(layers, (1, 12, 12), "mse_loss", epochs=16) | {"data": {"source": "spots.npz"}}),
        out="run",
        resume=True,
    )
    assert len(resumed.history) == 16 and resumed.history[:15] == result.history


def test_fit_takes_numbers_and_maps_of_classes() -> None:
    x, y = shapes(40, 0)
    pixels = FittedModel(build(parse(spec([conv(2, 5, padding=2)], (1, 12, 12), "cross_entropy"))))
    assert (pixels.fit(x, y, epochs=20)[-1].accuracy or 0) > 0.85
    means = FittedModel(build(parse(spec([conv(1, 12), FLATTEN], (1, 12, 12), "huber_loss"))))
    history = means.fit(x, x.mean(axis=(1, 2, 3)), epochs=40, validation_data=(x[:3], x.mean(axis=(1, 2, 3))[:3]))
    assert history[-1].loss < 0.3 * history[0].loss and history[-1].val_accuracy is None


def test_labels_that_do_not_count_need_no_class() -> None:
    x, y = batch("features", "cross_entropy", 40, 0)
    y[::2] = -100
    record = FittedModel(FEATURES).fit(x, y, epochs=1)[0]
    assert (record.samples, record.correct) == (40, round((record.accuracy or 0) * 20))
    with pytest.raises(InputError, match="received -100"):
        data.fitted(Dataset(x, y), (2, 5, 6), data.ClassNumbers(3, (), 255), "here")
