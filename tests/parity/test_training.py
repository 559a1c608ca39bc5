"""The Trainer beside torch.optim over several steps, from the same weights: losses and weights of whole networks.

PyTorch computes in float64, so what is left between the two is this engine's rounding.
"""

from typing import Any

import numpy as np
import pytest
from networks import NETWORKS, named
from reference_training import assert_same_loss, assert_same_weights, batch
from torch_operations import run_torch, torch

from nbcnn.model import Model
from nbcnn.training.trainer import Trainer

# Its masks are its own.
COMPARED = [name for name in NETWORKS if name != "dropout"]
# None is a multiple of any lane count, and the last is a short batch.
BATCHES = (19, 19, 19, 6)
OPTIMIZERS = {
    "sgd": {"type": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    # Eps as in tests/training: where a gradient is rounding noise, Adam's step is lr times its sign.
    "adam": {"type": "adam", "lr": 0.01, "betas": (0.9, 0.99), "eps": 1e-3, "weight_decay": 0.01},
}
MORE_OPTIMIZERS = {
    "plain sgd": {"type": "sgd", "lr": 0.1},
    "momentum": {"type": "sgd", "lr": 0.1, "momentum": 0.9},
    "momentum, weight decay": {"type": "sgd", "lr": 0.1, "momentum": 0.5, "weight_decay": 0.1},
    "adam without weight decay": {"type": "adam", "lr": 0.01, "eps": 1e-3},
}


class TorchTraining:
    def __init__(self, model: Model, optimizer: dict[str, Any]) -> None:
        self.network = model.network
        self.parameters = {
            key: torch.tensor(value, dtype=torch.float64, requires_grad=True) for key, value in model.parameters.items()
        }
        settings = dict(optimizer)
        kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[settings.pop("type")]
        self.optimizer = kind(self.parameters.values(), **settings)

    def step(self, x: np.ndarray, y: np.ndarray) -> float:
        value = torch.from_numpy(x).double()
        for node in self.network.layers:
            if node.operation == "dropout":
                value = torch.nn.functional.dropout(value, **node.attributes)
                continue
            parameters = [self.parameters[f"{node.name}.{name}"] for name in node.parameters]
            bias = [None] if len(parameters) == 1 else []
            value = run_torch(node.operation, node.attributes, [value, *parameters, *bias])
        loss = torch.nn.functional.cross_entropy(value, torch.from_numpy(y))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())


def compare(name: str, optimizer: dict[str, Any]) -> None:
    model = Model(named(name), seed=1)
    theirs = TorchTraining(model, optimizer)
    trainer = Trainer(model, optimizer=optimizer, batch_size=max(BATCHES))
    for number, samples in enumerate(BATCHES):
        x, y = batch(model.network, samples, seed=number)
        assert_same_loss(trainer.step(x, y), theirs.step(x, y))
    assert_same_weights(model.parameters, {key: tensor.detach().numpy() for key, tensor in theirs.parameters.items()})


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", COMPARED)
def test_every_network(name: str, optimizer: str) -> None:
    compare(name, OPTIMIZERS[optimizer])


@pytest.mark.parametrize("optimizer", MORE_OPTIMIZERS)
def test_every_optimiser(optimizer: str) -> None:
    compare("padding, two pools", MORE_OPTIMIZERS[optimizer])


def test_adam_with_its_usual_eps() -> None:
    """The losses agree; single weights may step the other way where their gradient is nothing but rounding."""
    optimizer = {"type": "adam", "lr": 0.01}
    model = Model(named("padding, two pools"), seed=1)
    theirs, trainer = TorchTraining(model, optimizer), Trainer(model, optimizer=optimizer)
    x, y = batch(model.network, 50)
    losses = [(trainer.step(x, y), theirs.step(x, y)) for _ in range(10)]
    for ours, expected in losses:
        assert abs(ours - expected) <= 1e-4
    assert losses[-1][0] < 0.9 * losses[0][0]
