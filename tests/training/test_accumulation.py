"""Batches whose gradients are averaged before one update do what one batch of all their samples does."""

import os
import pickle
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import named
from reference_training import ADAM, SGD, assert_same_loss, assert_same_weights, batch

from nbcnn.errors import InputError, Interrupted
from nbcnn.model import Model
from nbcnn.spec import parse
from nbcnn.training import events
from nbcnn.training.run import train
from nbcnn.training.trainer import Trainer
from nbcnn.weights import store

# Not multiples of any lane count, of several sizes, and of fewer batches than the group may have.
GROUPS = [(19, 19, 19), (19, 6, 33), (19, 19)]


def trainer(name: str, optimizer: dict[str, Any], steps: int = 1, **settings: Any) -> Trainer:
    return Trainer(Model(named(name), seed=3), optimizer=optimizer, seed=5, accumulation_steps=steps, **settings)


def compare(name: str, optimizer: dict[str, Any], **settings: Any) -> None:
    """Weights after some groups, against those after as many large batches."""
    one, other = trainer(name, optimizer, **settings), trainer(name, optimizer, 3, **settings)
    for number, sizes in enumerate(GROUPS):
        x, y = batch(one.model.network, sum(sizes), seed=number)
        for each in (one, other):
            each.learning_rate *= 0.5**number
        loss, start = one.step(x, y), 0
        losses = []
        for size in sizes:
            part = slice(start, start + size)
            start += size
            before = {key: value.copy() for key, value in other.model.parameters.items()}
            losses.append(size * other.step(x[part], y[part], last=start == len(x)))
            changed = any(not np.array_equal(other.model.parameters[key], value) for key, value in before.items())
            assert changed == (start == len(x)), "weights change with the last batch of a group, and no earlier"
        assert_same_loss(sum(losses) / len(x), loss)
        assert other.steps == number + 1
        assert_same_weights(other.model.parameters, one.model.parameters)


@pytest.mark.parametrize("optimizer", [SGD, ADAM], ids=["sgd", "adam"])
@pytest.mark.parametrize("name", ["padding, two pools", "three axes"])
def test_a_group_does_what_a_large_batch_does(name: str, optimizer: dict[str, Any]) -> None:
    compare(name, optimizer)


@pytest.mark.parametrize(
    "settings",
    [{"clip_grad_norm": 0.05}, {"clip_grad_value": 0.01}, {"shared_gradients": "mean", "clip_grad_norm": 0.01}],
)
def test_what_happens_to_gradients_happens_to_their_mean(settings: dict[str, Any]) -> None:
    compare("padding, two pools", SGD, **settings)


def test_the_first_gradient_of_a_group_counts_alone() -> None:
    """What an earlier group has left, even numbers that are none, has no part in it."""
    one, other = (trainer("padding, two pools", SGD, 2, non_finite="skip") for _ in range(2))
    x, y = batch(one.model.network, 8)
    other.step(np.full_like(x, np.nan), y, last=True)
    other.load_state(one.state(), 0)
    for each in (one, other):
        each.step(x, y)
        each.step(x, y)
    assert all(np.array_equal(value, other.model.parameters[key]) for key, value in one.model.parameters.items())


def test_each_batch_of_a_group_draws_its_own_dropout() -> None:
    """With rates of 0 nothing but chance makes the losses of the same batch differ."""
    model = trainer("dropout", {"type": "sgd", "lr": 0.0}, 2)
    x, y = batch(model.model.network, 8)
    losses = [model.step(x, y) for _ in range(6)]
    assert len(set(losses)) == 6


def test_a_larger_batch_within_a_group_makes_a_new_plan_and_loses_nothing() -> None:
    one, other = (trainer("padding, two pools", SGD, 2, batch_size=size) for size in (40, 8))
    x, y = batch(one.model.network, 48)
    for each in (one, other):
        each.step(x[:8], y[:8])
        each.step(x[8:], y[8:])
    assert_same_weights(other.model.parameters, one.model.parameters)


def test_a_trainer_can_be_copied_within_a_group() -> None:
    one = trainer("padding, two pools", SGD, 2)
    x, y = batch(one.model.network, 8)
    one.step(x, y)
    other = pickle.loads(pickle.dumps(one))
    for each in (one, other):
        each.step(x[:5], y[:5])
    assert one.steps == other.steps == 1
    assert all(np.array_equal(value, other.model.parameters[key]) for key, value in one.model.parameters.items())


@pytest.mark.parametrize("steps", [0, -1])
def test_no_batches_make_no_update(steps: int) -> None:
    with pytest.raises(InputError, match=f"accumulation_steps = {steps}: at least 1"):
        trainer("padding, two pools", SGD, steps)


def described(**train_table: Any) -> Any:
    return parse(
        {
            "input": {"shape": [1, 8, 8]},
            "layers": [
                {"type": "conv", "out_channels": 4, "kernel_size": 3, "bias": False},
                {"type": "batch_norm", "activation": "relu"},
                {"type": "dropout", "p": 0.2},
                {"type": "flatten"},
                {"type": "linear", "out_features": 10},
            ],
            "data": {"source": "digits"},
            "train": {"epochs": 2, "batch_size": 100, "optimizer": {"type": "adam", "lr": 0.01}} | train_table,
        }
    )


def test_an_interrupted_run_ends_its_group_and_goes_on_to_the_same_bits(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """1,298 samples in batches of 100 are 13, and groups of 3, 3, 3, 3 and 1 of these."""
    monkeypatch.chdir(tmp_path)
    spec = described(accumulation_steps=3, schedule={"type": "cosine"}, ema={"decay": 0.9})
    started: list[events.Started] = []
    whole = train(spec, out="whole", on_event=lambda each: started.append(each) if hasattr(each, "skipped") else None)
    assert started[0].steps_per_epoch == 5

    def interrupt(event: events.Event) -> None:
        if isinstance(event, events.Progress) and event.epoch == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match="in epoch 2 of 2, after step 6"):
        train(spec, out="parts", on_event=interrupt)
    stopped = store.load(Path("parts/last.h5")).trainer
    assert stopped is not None and stopped["samples"] == 300
    parts = train(spec, out="parts", resume=True)
    assert [each.samples for each in parts.history] == [each.samples for each in whole.history] == [1298, 1298]
    assert [each.loss for each in parts.history] == [each.loss for each in whole.history]
    for name in ("model.h5", "last.h5"):
        one, other = store.load(Path("whole") / name), store.load(Path("parts") / name)
        for mine, theirs in (
            (one.parameters, other.parameters),
            (one.buffers, other.buffers),
            (one.optimizer or {}, other.optimizer or {}),
        ):
            assert mine.keys() == theirs.keys()
            assert all(np.array_equal(value, theirs[key]) for key, value in mine.items())
