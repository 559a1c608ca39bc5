"""Zeros around activations: written anew where others have had the memory, they change nothing but its size."""

import math

import numpy as np
import pytest
from networks import named
from reference_training import batch

from nbcnn.model import Model
from nbcnn.plan import halos
from nbcnn.training.trainer import Trainer

NAMES = [
    "padding, two pools",
    "three axes",
    "wide",
    "rows of five taps",
    "depthwise and pointwise",
    "encoder and decoder",
    "batch norm under relu, on branches and on features",
]


@pytest.mark.parametrize("name", NAMES)
def test_halos_that_are_written_anew_change_no_bit_and_take_no_more(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    net = named(name)
    x, y = batch(net, 70)

    def trained(worthwhile: float) -> tuple[Model, list[float], int]:
        monkeypatch.setattr(halos, "WORTHWHILE", worthwhile)
        model = Model(net, seed=1)
        trainer = Trainer(model, optimizer={"type": "sgd", "lr": 0.01, "momentum": 0.9})
        losses = [trainer.step(x, y) for _ in range(3)]
        return model, [*losses, float(model(x).sum())], trainer.planned(70).arena.bytes

    model, losses, most = trained(math.inf)
    other, other_losses, least = trained(1)
    assert other_losses == losses
    for key, value in model.parameters.items():
        assert np.array_equal(value, other.parameters[key]), key
    assert least <= most
