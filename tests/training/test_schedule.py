"""Learning rates by step; tests/parity compares them with PyTorch's schedulers."""

from typing import Any

import pytest
from pytest import approx

from nbcnn.spec import InvalidSpec, Train, parse
from nbcnn.training.events import EpochRecord
from nbcnn.training.schedule import learning_rates

STEPS = 10
"""In an epoch."""


def train_table(epochs: int, schedule: dict[str, Any], lr: float = 0.5) -> Train:
    return Train.model_validate({"epochs": epochs, "optimizer": {"type": "sgd", "lr": lr}, "schedule": schedule})


def rates(epochs: int, schedule: dict[str, Any], steps_per_epoch: int = STEPS) -> list[float]:
    rate = learning_rates(train_table(epochs, schedule), steps_per_epoch)
    return [rate(step) for step in range(epochs * steps_per_epoch)]


def test_constant() -> None:
    assert rates(2, {"type": "constant"}) == [0.5] * 20


def test_changes_come_after_whole_epochs() -> None:
    values = rates(5, {"type": "multi_step", "milestones": [1, 4]})
    assert values[::STEPS] == approx([0.5, 0.05, 0.05, 0.05, 0.005])
    assert values[STEPS - 1] == 0.5


def test_warmup_rises_linearly_and_reaches_the_full_rate() -> None:
    values = rates(3, {"type": "cosine", "warmup_epochs": 1.0})
    assert values[:10] == approx([0.05 * (step + 1) for step in range(10)])
    assert values[10] == 0.5
    assert values[20] == approx(0.25)


@pytest.mark.parametrize("kind", ["cosine", "polynomial", "constant", "reduce_on_plateau"])
@pytest.mark.parametrize("warmup", [0.25, 0.01, 3.0, 7.0])
def test_warmup_of_any_length(warmup: float, kind: str) -> None:
    values = rates(3, {"type": kind, "warmup_epochs": warmup}, steps_per_epoch=7)
    assert all(0 <= value <= 0.5 for value in values)
    assert values[0] > 0


@pytest.mark.parametrize("epochs", [1, 2])
@pytest.mark.parametrize("pct_start", [1e-9, 0.5, 1 - 1e-9])
def test_a_cycle_of_a_step_or_two(epochs: int, pct_start: float) -> None:
    values = rates(epochs, {"type": "one_cycle", "pct_start": pct_start}, steps_per_epoch=1)
    assert all(0 < value <= 0.5 for value in values)


def test_a_plateau_lowers_the_rate_of_the_epoch_after_it() -> None:
    table = train_table(20, {"type": "reduce_on_plateau", "patience": 1, "factor": 0.5})
    losses = [1.0, 0.9, 0.9, 0.95, 0.8]
    history = [EpochRecord(n + 1, 9.0 - n, None, None, 10, loss, None, 0.5, 1.0, 10.0) for n, loss in enumerate(losses)]
    found = [learning_rates(table, STEPS, history[:done])(done * STEPS) for done in range(6)]
    assert found == [0.5, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_without_validation_the_training_loss_is_what_counts() -> None:
    falling = [EpochRecord(n + 1, 9.0 - n, None, None, 10, None, None, 0.5, 1.0, 10.0) for n in range(8)]
    table = train_table(20, {"type": "reduce_on_plateau", "patience": 0})
    assert learning_rates(table, STEPS, falling)(80) == 0.5


def test_milestones_that_do_not_rise_are_refused() -> None:
    document = {
        "input": {"shape": [1, 4, 4]},
        "layers": [{"type": "relu"}],
        "train": {"schedule": {"type": "multi_step", "milestones": [3, 3]}},
    }
    with pytest.raises(InvalidSpec, match="each larger than the one before, received"):
        parse(document)


def test_least_rate_above_the_first_changes_nothing() -> None:
    assert rates(2, {"type": "cosine", "eta_min": 0.7}) == approx([0.5] * 20)
