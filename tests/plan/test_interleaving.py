"""Calls that are made for a few channels at a time compute the same bits as one call after the other."""

import numpy as np
import pytest
from networks import named
from reference_training import batch

from nbcnn.model import Model
from nbcnn.plan import interleaving
from nbcnn.training.trainer import Trainer


def test_turns_by_channel_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    net = named("depthwise and pointwise")

    def trained(near_bytes: int) -> tuple[Model, list[float], int]:
        monkeypatch.setattr(interleaving, "NEAR_BYTES", near_bytes)
        model = Model(net, seed=1)
        trainer = Trainer(model, optimizer={"type": "sgd", "lr": 0.01, "momentum": 0.9}, batch_size=70)
        losses = [trainer.step(*batch(net, count, seed=count)) for count in (70, 33, 70)]
        return model, losses, len(trainer.planned(70).calls)

    model, losses, rows = trained(1 << 40)
    other, other_losses, more_rows = trained(1)
    assert more_rows > rows
    assert other_losses == losses
    for key, value in [*model.parameters.items(), *model.buffers.items()]:
        found = other.parameters.get(key, other.buffers.get(key))
        assert found is not None and np.array_equal(found, value), key
