"""Learning rates by step, beside `torch.optim.lr_scheduler`."""

from typing import Any

import pytest
from pytest import approx
from torch_operations import torch

from nbcnn.spec import Train
from nbcnn.training.events import EpochRecord
from nbcnn.training.schedule import learning_rates

STEPS = 10
"""In an epoch."""
LOSSES = [1.0, 0.9, 0.8999999, 0.91, 0.95, 0.93, 0.92, 0.5, 0.6, 0.7, 0.8, 0.9, 0.9]


def train_table(epochs: int, schedule: dict[str, Any]) -> Train:
    return Train.model_validate({"epochs": epochs, "optimizer": {"type": "sgd", "lr": 0.5}, "schedule": schedule})


def rates(epochs: int, schedule: dict[str, Any]) -> list[float]:
    rate = learning_rates(train_table(epochs, schedule), STEPS)
    return [rate(step) for step in range(epochs * STEPS)]


def records(losses: list[float]) -> list[EpochRecord]:
    return [
        EpochRecord(number + 1, 9.0 - number, None, None, 10, loss, None, 0.5, 1.0, 10.0)
        for number, loss in enumerate(losses)
    ]


def torch_rates(name: str, count: int, **settings: Any) -> list[float]:
    """What PyTorch's scheduler gives for `count` steps of its own, from 0.5."""
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.5)
    scheduler = getattr(torch.optim.lr_scheduler, name)(optimizer, **settings)
    found = []
    for _ in range(count):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize(
    ("schedule", "name", "settings"),
    [
        ({"type": "step", "step_size": 2, "gamma": 0.3}, "StepLR", {"step_size": 2, "gamma": 0.3}),
        ({"type": "multi_step", "milestones": [1, 4, 5]}, "MultiStepLR", {"milestones": [1, 4, 5]}),
        ({"type": "exponential", "gamma": 0.7}, "ExponentialLR", {"gamma": 0.7}),
    ],
)
def test_changes_between_epochs_are_pytorchs(schedule: dict[str, Any], name: str, settings: dict[str, Any]) -> None:
    values = rates(7, schedule)
    assert values[::STEPS] == approx(torch_rates(name, 7, **settings))
    assert values[STEPS - 1 :: STEPS] == values[::STEPS]


@pytest.mark.parametrize(
    ("schedule", "name", "settings"),
    [
        ({"type": "polynomial", "power": 2.0}, "PolynomialLR", {"total_iters": 30, "power": 2.0}),
        ({"type": "polynomial"}, "PolynomialLR", {"total_iters": 30, "power": 1.0}),
        ({"type": "cosine"}, "CosineAnnealingLR", {"T_max": 30}),
        ({"type": "cosine", "eta_min": 0.1}, "CosineAnnealingLR", {"T_max": 30, "eta_min": 0.1}),
        ({"type": "cosine_restarts", "T_0": 1}, "CosineAnnealingWarmRestarts", {"T_0": 10}),
        (
            {"type": "cosine_restarts", "T_0": 1, "T_mult": 2, "eta_min": 0.01},
            "CosineAnnealingWarmRestarts",
            {"T_0": 10, "T_mult": 2, "eta_min": 0.01},
        ),
        ({"type": "one_cycle"}, "OneCycleLR", {"max_lr": 0.5, "total_steps": 30}),
        (
            {"type": "one_cycle", "pct_start": 0.5, "div_factor": 10.0, "final_div_factor": 100.0},
            "OneCycleLR",
            {"max_lr": 0.5, "total_steps": 30, "pct_start": 0.5, "div_factor": 10.0, "final_div_factor": 100.0},
        ),
    ],
)
def test_changes_between_steps_are_pytorchs(schedule: dict[str, Any], name: str, settings: dict[str, Any]) -> None:
    assert rates(3, schedule) == approx(torch_rates(name, 30, **settings), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    "settings", [{"patience": 1}, {"patience": 0}, {"patience": 2, "factor": 0.5, "cooldown": 2, "min_lr": 0.2}]
)
def test_plateaus_are_pytorchs(settings: dict[str, Any]) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.5)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, eps=0, **settings)
    table = train_table(20, {"type": "reduce_on_plateau", **settings})
    seen = set()
    for done in range(len(LOSSES)):
        rate = learning_rates(table, STEPS, records(LOSSES[:done]))(done * STEPS)
        assert rate == approx(optimizer.param_groups[0]["lr"])
        seen.add(rate)
        scheduler.step(LOSSES[done])
    assert len(seen) > 1
