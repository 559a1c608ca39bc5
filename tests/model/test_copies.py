"""Copies and pickles of a model stand for themselves: plans, which hold addresses, are left behind."""

import copy
import pickle

import numpy as np
import pytest
from networks import named

from nbcnn.model import Model
from nbcnn.training.trainer import Trainer


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
@pytest.mark.parametrize("name", ["padding, two pools", "batch norm under relu, on branches and on features"])
def test_a_copy_computes_the_same_and_lives_on_its_own(name: str, duplicate) -> None:
    model = Model(named(name), seed=3)
    x = np.random.default_rng(0).standard_normal((5, *model.network.input_shape)).astype(np.float32)
    # Running statistics move, so that they are not what a new model has.
    model(x, training=True)
    expected = model(x)
    other = duplicate(model)
    assert np.array_equal(other(x), expected)
    for array in (*other.parameters.values(), *other.buffers.values()):
        array[...] = 0.0
    assert np.array_equal(model(x), expected)


def test_a_copied_trainer_goes_on_alone() -> None:
    model = Model(named("padding, two pools"), seed=3)
    x = np.random.default_rng(0).standard_normal((5, *model.network.input_shape)).astype(np.float32)
    y = np.zeros(5, np.int64)
    trainer = Trainer(model, optimizer={"type": "adam", "lr": 0.01})
    trainer.step(x, y)
    other = copy.deepcopy(trainer)
    assert other.step(x, y) == trainer.step(x, y)
    assert other.model is not model
    assert all(np.array_equal(other.model.parameters[key], value) for key, value in model.parameters.items())


def test_no_array_can_take_a_parameters_place() -> None:
    model = Model(named("padding, two pools"))
    key = next(iter(model.parameters))
    with pytest.raises(TypeError):
        model.parameters[key] = np.zeros(3)  # type: ignore[index]
