"""A loss or a gradient that is not finite changes nothing: the step is named and training stops, or it is left out."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import FLATTEN, conv, dropout, linear, network, pool
from reference_training import batch

import nbcnn
from nbcnn.errors import DivergenceError, InputError
from nbcnn.network import Network
from nbcnn.spec import parse
from nbcnn.training.trainer import Trainer

NORMED = network(
    (2, 8, 8), conv(5, 3), {"type": "batch_norm"}, conv(4, 3, activation="relu"), pool("max", 2), FLATTEN, linear(3)
)
FEATURES = network((2, 2, 2), FLATTEN, linear(3))
ADAM = {"type": "adam", "lr": 0.01}
# Finite, but products and squares of it are not.
HUGE = np.float32(3e38)


def state_of(trainer: Trainer) -> dict[str, np.ndarray]:
    model = trainer.model
    averages = {} if trainer.averaged is None else {f"average {k}": v for k, v in trainer.averaged.parameters.items()}
    arrays = {**model.parameters, **model.buffers, **averages, **trainer.state()}
    return {key: values.copy() for key, values in arrays.items()}


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for key, values in one.items():
        assert np.array_equal(values, other[key]), key


def batches(net: Network, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    return [batch(net, 20 + number, seed=number) for number in range(count)]


def spoilt(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x[7, 0, 3, 3] = np.inf
    return x


def test_the_layer_is_named_and_nothing_is_changed() -> None:
    trainer = Trainer(nbcnn.Model(NORMED, seed=1), optimizer=ADAM, ema={"decay": 0.9})
    x, y = batch(NORMED, 20)
    trainer.step(x, y)
    trainer.model.parameters["conv2.weight"][...] *= HUGE
    before = state_of(trainer)
    with pytest.raises(DivergenceError, match=r"step 2: the loss of a batch is nan: conv2 is the first layer whose ou"):
        trainer.step(x, y)
    assert_same(before, state_of(trainer))
    assert (trainer.steps, trainer.skipped) == (1, 0)
    trainer.model.parameters["conv2.weight"][...] /= HUGE
    assert np.isfinite(trainer.step(x, y)), "what was left out does not stay in anybody's way"


def test_layers_that_draw_random_numbers_are_computed_as_in_the_step() -> None:
    """Of a dropout that drops nearly all, the one number that overflows must be the same as in training."""
    net = network((1, 2, 2), FLATTEN, dropout(0.5), linear(2))
    model = nbcnn.Model(net)
    model.parameters["linear1.weight"][...] = 1.0
    x = np.zeros((4, 1, 2, 2), np.float32)
    x[:, 0, 1, 1] = HUGE
    with pytest.raises(DivergenceError, match=r"dropout1 is the first .*, in [1234] of 16 numbers"):
        Trainer(model, seed=3).step(x, np.zeros(4, int))


def test_what_was_not_finite_before_the_step_is_told() -> None:
    model = nbcnn.Model(NORMED)
    x, y = batch(NORMED, 20)
    x[4, 1, 2, 2] = np.nan
    with pytest.raises(DivergenceError, match="sample 4 of the inputs holds numbers that are not finite; leave it out"):
        Trainer(model).step(x, y)
    model.parameters["conv1.bias"][2] = np.inf
    with pytest.raises(DivergenceError, match=r"conv1\.bias holds numbers that are not finite, 1 of 5 numbers"):
        Trainer(model).step(np.nan_to_num(x), y)


def test_a_loss_of_finite_outputs_and_a_gradient_of_a_finite_loss() -> None:
    model = nbcnn.Model(FEATURES)
    x, y = np.ones((4, 2, 2, 2), np.float32), np.full((4, 3), 1e20, np.float32)
    with pytest.raises(DivergenceError, match="the loss of a batch is inf, of outputs that are all finite"):
        Trainer(model, "mse_loss").step(x, y)
    model.parameters["linear1.weight"][...] = 0
    with pytest.raises(DivergenceError, match=r"is 1e\+12 and linear1\.weight the first on the way back whose "):
        Trainer(model, "mse_loss").step(x * np.float32(1e35), np.full((4, 3), 1e6, np.float32))


def test_wide_linear_layers_are_watched() -> None:
    """Their gradients are looked through where they are made."""
    net = network((8, 8, 8), FLATTEN, linear(600), linear(3))
    model = nbcnn.Model(net)
    for values in model.parameters.values():
        values[...] = 0
    model.parameters["linear2.weight"][...] = 1.0
    before = {key: values.copy() for key, values in model.parameters.items()}
    x = np.zeros((40, 8, 8, 8), np.float32)
    x[33] = 1e35
    with pytest.raises(DivergenceError, match=r"linear1\.weight the first .* in 307,200 of 307,200 numbers"):
        Trainer(model, "mse_loss").step(x, np.full((40, 3), 1e8, np.float32))
    assert_same(before, dict(model.parameters))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"clip_grad_norm": 0.5},
        {"clip_grad_value": 0.01},
        {"ema": {"decay": 0.5, "warmup": True}},
        {"optimizer": {"type": "sgd", "lr": 0.1, "momentum": 0.9, "dampening": 0.3}},
    ],
)
@pytest.mark.parametrize("bad", [0, 2])
def test_a_step_left_out_leaves_nothing_behind(settings: dict[str, Any], bad: int) -> None:
    trainers = [
        Trainer(nbcnn.Model(NORMED, seed=1), **{"optimizer": ADAM, "non_finite": "skip"} | settings) for _ in range(2)
    ]
    for number, (x, y) in enumerate(batches(NORMED, 5)):
        if number == bad:
            before = state_of(trainers[0])
            assert not np.isfinite(trainers[0].step(spoilt(x), y))
            assert_same(before, state_of(trainers[0]))
        else:
            assert trainers[0].step(x, y) == trainers[1].step(x, y)
    assert_same(*map(state_of, trainers))
    assert [(each.steps, each.skipped) for each in trainers] == [(5, 1), (4, 0)]


def test_running_statistics_count_though_loss_and_gradients_are_finite() -> None:
    trainer = Trainer(nbcnn.Model(NORMED, seed=1), optimizer=ADAM)
    x, y = batch(NORMED, 20)
    x[7, 0, 3, 3] = HUGE
    before = state_of(trainer)
    with pytest.raises(DivergenceError, match=r"is 1\.[0-9]+ and a running statistic would not be finite; lower"):
        trainer.step(x, y)
    assert_same(before, state_of(trainer))


@pytest.mark.parametrize("bad", [2, 3])
def test_batches_that_make_one_update_are_left_out_together(bad: int) -> None:
    trainers = [
        Trainer(nbcnn.Model(NORMED, seed=1), optimizer=ADAM, non_finite="skip", accumulation_steps=2) for _ in range(2)
    ]
    for number, (x, y) in enumerate(batches(NORMED, 6)):
        trainers[0].step(spoilt(x) if number == bad else x, y)
        if number not in (2, 3):
            trainers[1].step(x, y)
    assert_same(*map(state_of, trainers))
    assert [(each.steps, each.skipped) for each in trainers] == [(3, 1), (2, 0)]


def test_too_many_in_a_row_stop_training() -> None:
    trainer = Trainer(nbcnn.Model(NORMED), non_finite="skip", max_skips=3)
    x, y = batch(NORMED, 20)
    for data in (spoilt(x), spoilt(x), x, spoilt(x), spoilt(x)):
        trainer.step(data, y)
    with pytest.raises(DivergenceError, match=r"step 6: sample 7 of the inputs .*; 2 steps before it were left out;"):
        trainer.step(spoilt(x), y)
    assert (trainer.steps, trainer.skipped) == (5, 4)


@pytest.mark.parametrize("settings", [{"non_finite": "ignore"}, {"max_skips": 0}])
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"{next(iter(settings))} = "):
        Trainer(nbcnn.Model(FEATURES), **settings)


def written(folder: Path, **train: Any) -> Any:
    """A spec with data of which one sample overflows in the first layer, though it is finite."""
    random = np.random.default_rng(0)
    x = random.standard_normal((64, 1, 6, 6), dtype=np.float32)
    x[11] = HUGE
    np.savez(folder / "data.npz", x_train=x, y_train=np.arange(64) % 3)
    return parse(
        {
            "input": {"shape": [1, 6, 6]},
            "layers": [
                {"type": "conv", "out_channels": 4, "kernel_size": 3, "initializer": "ones"},
                {"type": "batch_norm"},
                {"type": "relu"},
                {"type": "flatten"},
                {"type": "dropout", "p": 0.2},
                {"type": "linear", "out_features": 3},
            ],
            "data": {"source": str(folder / "data.npz"), "normalize": False, "validation": 0.0},
            "train": {"epochs": 3, "batch_size": 16} | train,
        }
    )


def test_a_run_stops_and_names_the_last_good_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(DivergenceError) as error:
        nbcnn.train(written(tmp_path), out=tmp_path / "run")
    message = str(error.value)
    assert "training diverged in epoch 1, step " in message and "conv1 is the first layer" in message
    assert f"the last good checkpoint is {tmp_path / 'run' / 'last.h5'}, after step 0" in message
    assert "\n" not in message and error.value.exit_code == 1


def test_fit_leaves_the_weights_before_the_step(tmp_path: Path) -> None:
    spec = written(tmp_path, shuffle=False)
    data = np.load(tmp_path / "data.npz")
    model = nbcnn.Model(nbcnn.build(spec))
    before = {key: values.copy() for key, values in {**model.parameters, **model.buffers}.items()}
    with pytest.raises(DivergenceError, match="fit: .* conv1 is the first .*, in epoch 1, step 1; lower the learning "):
        model.fit(data["x_train"], data["y_train"])
    assert_same(before, {**model.parameters, **model.buffers})


@pytest.mark.parametrize("accumulation_steps", [1, 2])
def test_a_run_that_skips_is_counted_and_goes_on_bit_for_bit(tmp_path: Path, accumulation_steps: int) -> None:
    spec = written(tmp_path, non_finite="skip", ema={"decay": 0.5}, accumulation_steps=accumulation_steps)
    whole = nbcnn.train(spec, out=tmp_path / "whole")
    assert [record.skipped for record in whole.history] == [1, 1, 1]
    assert all(np.isfinite(record.loss) and record.samples == 64 for record in whole.history)
    short = spec.model_copy(update={"train": spec.train.model_copy(update={"epochs": 2})})
    nbcnn.train(short, out=tmp_path / "parts")
    resumed = nbcnn.train(spec, out=tmp_path / "parts", resume=True)
    assert [record.loss for record in whole.history] == [record.loss for record in resumed.history]
    assert_same(*({**run.model.parameters, **run.model.buffers} for run in (whole, resumed)))


def test_an_epoch_without_a_finite_loss_stops_a_run(tmp_path: Path) -> None:
    with pytest.raises(DivergenceError, match="no batch of the epoch has a finite loss"):
        nbcnn.train(written(tmp_path, non_finite="skip", batch_size=64), out=tmp_path / "run")
