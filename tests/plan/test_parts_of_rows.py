"""Pointwise convolutions made in parts of rows, with batch norm right behind each, give the same network."""

import numpy as np
import pytest
from networks import conv, layer, network
from reference_training import batch

from nbcnn.kernels.cpu import batch_norm
from nbcnn.model import Model
from nbcnn.training.trainer import Trainer

NORM = layer("batch_norm", activation="relu")


def test_parts_of_rows_change_no_more_than_the_order_of_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    net = network(
        (3, 16, 8),
        conv(12, 3, padding=1, groups=3),
        NORM,
        conv(20, 1, bias=False),
        NORM,
        conv(9, 1),
        NORM,
        layer("global_avg_pool"),
        layer("flatten"),
        layer("linear", out_features=3),
    )

    def trained(near_bytes: int) -> tuple[Model, list[float], int]:
        monkeypatch.setattr(batch_norm, "NEAR_BYTES", near_bytes)
        model = Model(net, seed=1)
        trainer = Trainer(model, optimizer={"type": "sgd", "lr": 0.1}, batch_size=37)
        losses = [trainer.step(*batch(net, count, seed=count)) for count in (37, 20, 37)]
        return model, losses, len(trainer.planned(37).calls)

    model, losses, rows = trained(1 << 40)
    other, other_losses, more_rows = trained(8 << 10)
    assert more_rows > rows + 10
    assert np.allclose(losses, other_losses, rtol=1e-5)
    for key, value in [*model.parameters.items(), *model.buffers.items()]:
        found = other.parameters.get(key, other.buffers.get(key))
        assert found is not None and np.allclose(found, value, rtol=1e-4, atol=1e-5), key
