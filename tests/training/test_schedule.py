import pytest
from pytest import approx

from nbcnn.spec import Cosine, Sgd, StepDecay, Train
from nbcnn.training.schedule import learning_rates


def rates(epochs: int, schedule: object, steps_per_epoch: int = 10) -> list[float]:
    train = Train.model_construct(epochs=epochs, optimizer=Sgd(type="sgd", lr=0.5), schedule=schedule)
    rate = learning_rates(train, steps_per_epoch)
    return [rate(step) for step in range(epochs * steps_per_epoch)]


def test_constant() -> None:
    train = Train(epochs=2, optimizer=Sgd(type="sgd", lr=0.5))
    assert [learning_rates(train, 3)(step) for step in range(6)] == [0.5] * 6


def test_cosine_falls_from_the_full_rate_to_nothing() -> None:
    values = rates(4, Cosine(type="cosine"))
    assert values[0] == 0.5
    assert values[20] == approx(0.25)
    assert 0 < values[-1] < 0.001
    assert values == sorted(values, reverse=True)


def test_step() -> None:
    values = rates(5, StepDecay(type="step", step_size=2, gamma=0.1))
    assert values[::10] == approx([0.5, 0.5, 0.05, 0.05, 0.005])
    assert values[19] == 0.5


def test_warmup_rises_linearly_and_reaches_the_full_rate() -> None:
    values = rates(3, Cosine(type="cosine", warmup_epochs=1))
    assert values[:10] == approx([0.05 * (step + 1) for step in range(10)])
    assert values[10] == 0.5
    assert values[20] == approx(0.25)


@pytest.mark.parametrize("warmup", [0.25, 0.01, 3.0, 7.0])
def test_warmup_of_any_length(warmup: float) -> None:
    values = rates(3, Cosine(type="cosine", warmup_epochs=warmup), steps_per_epoch=7)
    assert all(0 <= value <= 0.5 for value in values)
    assert values[0] > 0
