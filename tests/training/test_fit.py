"""`Model.fit` on arrays in memory."""

import numpy as np
import pytest
from networks import named

from nbcnn.errors import DivergenceError, InputError
from nbcnn.training.fit import Model


def samples(count: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Images whose class is the row that is bright: easy to learn."""
    y = np.arange(count) % 5
    x = np.random.default_rng(0).standard_normal((count, 1, 9, 7)).astype(np.float32) * 0.1
    x[np.arange(count), 0, y] += 2.0
    return x, y


def model(seed: int = 0) -> Model:
    return Model(named("padding, two pools"), seed=seed)


def test_it_learns_and_tells_of_every_epoch() -> None:
    x, y = samples()
    history = model().fit(x, y, epochs=30, batch_size=7, validation_data=samples(10))
    assert [record.epoch for record in history] == list(range(1, 31))
    assert history[-1].loss < 0.5 * history[0].loss
    assert history[-1].accuracy == 1.0
    assert history[-1].val_accuracy == 1.0
    assert all(record.samples == 40 for record in history)


def test_the_same_call_gives_the_same_weights() -> None:
    x, y = samples()
    one, other = model(), model()
    one.fit(x, y, epochs=2)
    other.fit(x, y, epochs=2)
    assert all(np.array_equal(one.parameters[key], value) for key, value in other.parameters.items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs = 0: at least 1"),
        ({"batch_size": -5}, "batch_size = -5: at least 1"),
        ({"x": np.zeros((40, 1, 9, 8), np.float32)}, "9"),
        ({"y": np.full(40, 10)}, "10"),
        ({"y": np.zeros(39, int)}, "39"),
        ({"y": np.zeros(40)}, "integers"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(change: dict, message: str) -> None:
    x, y = samples()
    one = model()
    before = {key: value.copy() for key, value in one.parameters.items()}
    with pytest.raises(InputError, match=message):
        one.fit(**({"x": x, "y": y} | change))
    assert all(np.array_equal(one.parameters[key], value) for key, value in before.items())


def test_a_loss_that_is_not_a_number_stops_it() -> None:
    x, y = samples()
    x[3] = np.nan
    with pytest.raises((DivergenceError, InputError)):
        model().fit(x, y, epochs=1)
