"""Training that ends before its last epoch."""

from pathlib import Path

import numpy as np
import pytest

import nbcnn
from nbcnn.spec import Spec, Train
from nbcnn.training.events import EpochRecord
from nbcnn.training.stopping import is_finished, stopped_early


def records(accuracies: list[float], seconds: float = 1.0) -> list[EpochRecord]:
    return [
        EpochRecord(number + 1, 1.0, 0.5, 5, 10, 1.0, accuracy, 0.1, seconds, 10.0)
        for number, accuracy in enumerate(accuracies)
    ]


def table(**settings: object) -> Train:
    return Train.model_validate({"epochs": 9, **settings})


def test_all_epochs_are_trained_by_default() -> None:
    assert not is_finished(table(), records([0.9] * 8))
    assert is_finished(table(), records([0.9] * 9))
    assert stopped_early(table(), records([0.9] * 9)) is None


def test_patience_counts_epochs_since_the_best() -> None:
    settings = table(early_stopping={"patience": 2})
    assert not is_finished(settings, [])
    assert not is_finished(settings, records([0.5, 0.4]))
    assert is_finished(settings, records([0.5, 0.4, 0.3]))
    assert stopped_early(settings, records([0.5, 0.4, 0.3])) == "no epoch was better in the last 2 (patience = 2)"
    assert not is_finished(settings, records([0.5, 0.4, 0.6, 0.5]))


def test_time_is_that_of_all_epochs() -> None:
    settings = table(max_time=5.0)
    assert not is_finished(settings, records([0.5], seconds=4.5))
    assert stopped_early(settings, records([0.5, 0.6], seconds=4.5)) == "9.0 s of training (max_time = 5)"


@pytest.fixture
def spec() -> Spec:
    path = Path(__file__).parent.parent.parent / "specs" / "digits.toml"
    return nbcnn.load_spec(
        path, overrides={"train.epochs": 6, "train.optimizer.lr": 1e-12, "train.early_stopping": {"patience": 2}}
    )


def test_a_run_that_does_not_get_better_ends_and_can_go_on(spec: Spec, tmp_path: Path) -> None:
    result = nbcnn.train(spec, out=tmp_path / "run")
    assert len(result.history) == 2 + result.best.epoch < 6
    assert result.stopped_early and "patience = 2" in result.stopped_early
    patient = spec.model_copy(update={"train": spec.train.model_copy(update={"early_stopping": None})})
    longer = nbcnn.train(patient, out=tmp_path / "run", resume=True)
    assert len(longer.history) == 6
    assert longer.stopped_early is None


def test_fit_stops_too(spec: Spec) -> None:
    random = np.random.default_rng(0)
    x, y = random.standard_normal((32, 1, 8, 8), dtype=np.float32), np.arange(32) % 10
    history = nbcnn.Model(nbcnn.build(spec)).fit(x, y, epochs=9, validation_data=(x, y))
    assert len(history) < 9
