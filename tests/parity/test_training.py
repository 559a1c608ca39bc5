"""The Trainer beside torch.optim over several steps, from the same weights: losses and weights of whole networks.

PyTorch computes in float64, so what is left between the two is this engine's rounding.
"""

from typing import Any

import numpy as np
import pytest
from networks import FLATTEN, NETWORKS, conv, linear, named, network
from reference_training import assert_same_loss, assert_same_weights, batch
from torch_operations import run_torch, torch

from nbcnn.model import Model
from nbcnn.network import INPUT, Network
from nbcnn.plan.operations import parameter_names
from nbcnn.training.trainer import Trainer

# Its masks are its own.
COMPARED = [
    name
    for name, layers in NETWORKS.items()
    if not any(
        each.get("type") in ("dropout", "channel_dropout", "stochastic_depth") and each["p"] for each in layers[1:]
    )
]
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
    "dampening": {"type": "sgd", "lr": 0.1, "momentum": 0.9, "dampening": 0.5},
    "adam without weight decay": {"type": "adam", "lr": 0.01, "eps": 1e-3},
    "adamw": {"type": "adamw", "lr": 0.01, "eps": 1e-3, "weight_decay": 0.1},
    "rmsprop": {"type": "rmsprop", "lr": 0.01, "eps": 1e-2, "weight_decay": 0.1},
    "rmsprop, all settings": {"type": "rmsprop", "lr": 0.01, "eps": 1e-2, "momentum": 0.5, "centered": True},
    "adagrad": {"type": "adagrad", "lr": 0.01, "lr_decay": 0.1, "initial_accumulator_value": 0.1},
}
KINDS = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
}


class TorchTraining:
    def __init__(
        self,
        model: Model,
        optimizer: dict[str, Any],
        clip_grad_norm: float | None = None,
        clip_grad_value: float | None = None,
    ) -> None:
        self.clip_norm, self.clip_value = clip_grad_norm, clip_grad_value
        self.network = model.network
        self.parameters = {
            key: torch.tensor(value, dtype=torch.float64, requires_grad=True) for key, value in model.parameters.items()
        }
        settings = dict(optimizer)
        kind = KINDS[settings.pop("type")]
        trained = [node for node in self.network.layers if node.trainable]
        groups = [
            {"params": [self.parameters[f"{node.name}.{name}"] for name in node.parameters]}
            | ({} if node.lr is None else {"lr": node.lr})
            for node in trained
        ]
        self.trained = [tensor for group in groups for tensor in group["params"]]
        self.optimizer = kind(groups, **settings)

    def step(self, x: np.ndarray, y: np.ndarray) -> float:
        values = {INPUT: torch.from_numpy(x).double()}
        for node in self.network.layers:
            read = tuple(values[name] for name in node.inputs)
            if node.operation == "dropout":
                values[node.name] = torch.nn.functional.dropout(read[0], **node.attributes)
                continue
            arrays = [self.parameters.get(f"{node.name}.{name}") for name in parameter_names(node.operation)]
            values[node.name] = run_torch(
                node.operation, node.attributes, [read if len(read) > 1 else read[0], *arrays]
            )
        loss = torch.nn.functional.cross_entropy(values[self.network.layers[-1].name], torch.from_numpy(y))
        self.optimizer.zero_grad()
        loss.backward()
        if self.clip_value is not None:
            torch.nn.utils.clip_grad_value_(self.trained, self.clip_value)
        if self.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.trained, self.clip_norm)
        self.optimizer.step()
        return float(loss.detach())


def compare(net: Network, optimizer: dict[str, Any], **clipping: float) -> None:
    model = Model(net, seed=1)
    theirs = TorchTraining(model, optimizer, **clipping)
    trainer = Trainer(model, optimizer=optimizer, batch_size=max(BATCHES), **clipping)
    for number, samples in enumerate(BATCHES):
        x, y = batch(model.network, samples, seed=number)
        assert_same_loss(trainer.step(x, y), theirs.step(x, y))
    assert_same_weights(model.parameters, {key: tensor.detach().numpy() for key, tensor in theirs.parameters.items()})


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", COMPARED)
def test_every_network(name: str, optimizer: str) -> None:
    compare(named(name), OPTIMIZERS[optimizer])


@pytest.mark.parametrize("optimizer", MORE_OPTIMIZERS)
def test_every_optimiser(optimizer: str) -> None:
    compare(named("padding, two pools"), MORE_OPTIMIZERS[optimizer])


@pytest.mark.parametrize("clipping", [{"clip_grad_value": 0.01}, {"clip_grad_norm": 0.3}, {"clip_grad_norm": 0.7}])
def test_clipping(clipping: dict[str, float]) -> None:
    compare(named("padding, two pools"), OPTIMIZERS["sgd"], **clipping)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_frozen_layers_and_learning_rates_of_layers(optimizer: str) -> None:
    net = network(
        (2, 9, 8),
        conv(6, 3, trainable=False, activation="relu"),
        conv(5, 3, lr=0.03, activation="tanh"),
        FLATTEN,
        linear(19, trainable=False, activation="sigmoid"),
        linear(4, lr=0.002),
    )
    compare(net, OPTIMIZERS[optimizer], clip_grad_norm=0.5)


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
