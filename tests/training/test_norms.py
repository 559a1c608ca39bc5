"""Normalisations in training: the order of their sums, and layers that keep their weights."""

import numba
import numpy as np
import pytest
from networks import FLATTEN, conv, layer, linear, named, network
from reference_training import SGD, batch, follow

from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.model import Model
from nbcnn.training.threads import threads
from nbcnn.training.trainer import Trainer


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="there is one thread here")
@pytest.mark.parametrize(
    "name", ["batch norm under relu, on branches and on features", "norms of each sample along one axis"]
)
def test_threads_change_no_bit(name: str) -> None:
    def trained(count: int) -> dict[str, np.ndarray]:
        model = Model(named(name), seed=2)
        trainer = Trainer(model, optimizer={"type": "sgd", "lr": 0.1})
        with threads(count):
            for samples in (100, 37):
                trainer.step(*batch(model.network, samples))
        return {**model.parameters, **model.buffers}

    alone, together = trained(1), trained(2)
    assert all(np.array_equal(value, together[key]) for key, value in alone.items())


@pytest.mark.parametrize("lanes", [4, 16])
def test_a_frozen_layer_keeps_its_weights_but_not_its_statistics(lanes: int) -> None:
    """As in PyTorch, where `requires_grad = False` says nothing about buffers."""
    net = network(
        (2, 6, 6),
        conv(3, 3, padding=1),
        layer("batch_norm", trainable=False, activation="relu"),
        FLATTEN,
        linear(4),
    )
    with using(lanes):
        model = follow(net, SGD).model
    assert (model.parameters["batch_norm1.weight"] == 1.0).all()
    assert (model.parameters["batch_norm1.bias"] == 0.0).all()
    assert not (model.buffers["batch_norm1.running_mean"] == 0.0).any()


@pytest.mark.parametrize(
    "name", ["batch and instance norm over three axes", "norms of each sample", "norms of each sample along one axis"]
)
def test_several_blocks_share_a_partial_sum(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with many parameters: 10 blocks in 8 partitions, and in a short batch fewer."""
    monkeypatch.setattr(Program, "PARTIAL_BYTES", 0)
    with using(4):
        follow(named(name), SGD, (39, 14, 39))
