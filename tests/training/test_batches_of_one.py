"""Batch statistics of a single number: refused before anything changes, wherever such a batch can come from."""

import numpy as np
import pytest
from networks import FLATTEN, conv, layer, linear, network

from nbcnn import Model, Trainer
from nbcnn.errors import InputError

FLAT = network((1, 3, 3), FLATTEN, linear(4), layer("batch_norm", name="bn"), linear(2))
MAPS = network((1, 3, 3), conv(4, 2), layer("batch_norm"), FLATTEN, linear(2))
X, Y = np.ones((5, 1, 3, 3), np.float32), np.zeros(5, np.int64)
REFUSED = r'1 sample leaves layer "bn" \(batch_norm\) one number a channel, at least 2 are expected'


def test_a_step_on_one_sample_is_refused() -> None:
    model = Model(FLAT)
    before = {key: value.copy() for key, value in {**model.parameters, **model.buffers}.items()}
    with pytest.raises(InputError, match=REFUSED):
        Trainer(model).step(X[:1], Y[:1])
    assert all(np.array_equal(value, before[key]) for key, value in {**model.parameters, **model.buffers}.items())
    assert np.isfinite(Trainer(model).step(X[:2], Y[:2]))


def test_a_call_in_training_on_one_sample_is_refused() -> None:
    with pytest.raises(InputError, match=REFUSED):
        Model(FLAT)(X[:1], training=True)
    assert np.isfinite(Model(FLAT)(X[:1])).all()


def test_fit_refuses_a_last_batch_of_one_before_the_first() -> None:
    model = Model(FLAT)
    weight = model.parameters["linear1.weight"].copy()
    with pytest.raises(InputError, match=f"the last batch of 5 samples by 4: {REFUSED}"):
        model.fit(X, Y, epochs=1, batch_size=4)
    assert np.array_equal(model.parameters["linear1.weight"], weight)
    model.fit(X, Y, epochs=1, batch_size=3)


def test_several_positions_are_enough() -> None:
    assert np.isfinite(Trainer(Model(MAPS)).step(X[:1], Y[:1]))
