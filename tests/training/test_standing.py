import json
from typing import Any

import pytest

from nbcnn.errors import WeightsError
from nbcnn.training.events import EpochRecord
from nbcnn.training.standing import Standing, best


def record(
    epoch: int, loss: float = 1.0, val_loss: float | None = None, val_accuracy: float | None = None
) -> EpochRecord:
    return EpochRecord(epoch, loss, 0.5, 50, 100, val_loss, val_accuracy, 0.1, 1.0, 100.0)


def test_survives_json() -> None:
    standing = Standing(step=11, samples=30, loss_sum=0.1 + 0.2, correct=7, seconds=0.25, records=[record(1)])
    assert Standing.from_dict(json.loads(json.dumps(standing.as_dict())), "last.h5") == standing


def test_holds_a_long_history() -> None:
    records = [record(epoch) for epoch in range(1, 5001)]
    assert Standing.from_dict(Standing(records=records).as_dict(), "last.h5").epoch == 5001


@pytest.mark.parametrize(
    "change",
    [
        None,
        {},
        {"records": None},
        {"records": [1]},
        {"records": [{"epoch": 1}]},
        {"records": [], "surprise": 1},
        {"records": [], "step": -1},
        {"records": [], "step": "many"},
        {"records": [Standing(records=[record(2)]).as_dict()["records"][0]]},
    ],
)
def test_refuses_anything_else(change: dict[str, Any] | None) -> None:
    with pytest.raises(WeightsError, match="last.h5: the state of a training run is expected"):
        Standing.from_dict(change, "last.h5")


def test_best_by_validation_accuracy_then_loss_then_age() -> None:
    records = [record(1, 1.0, 0.5, 0.9), record(2, 0.1, 0.3, 0.9), record(3, 0.1, 0.3, 0.9), record(4, 0.1, 0.1, 0.8)]
    assert best(records).epoch == 2


def test_best_by_training_loss_without_validation() -> None:
    assert best([record(1, 0.5), record(2, 0.3), record(3, 0.4)]).epoch == 2


def test_best_by_validation_loss_without_accuracy() -> None:
    assert best([record(1, 0.1, 0.5), record(2, 0.3, 0.3), record(3, 0.2, 0.3), record(4, 0.1, 0.4)]).epoch == 2
