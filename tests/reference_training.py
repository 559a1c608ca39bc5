"""Whole networks on the reference's operations: inference and training in plain NumPy and float64."""

from collections.abc import Mapping
from importlib import import_module
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.model import Model
from nbcnn.network import Network, Node
from nbcnn.plan.operations import state_names
from nbcnn.plan.reference import Reference
from nbcnn.spec import parse_loss, parse_optimizer
from nbcnn.training.trainer import Trainer

Arrays = Mapping[str, NDArray[Any]]

SGD = {"type": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}
# A larger eps than usual: where a gradient is rounding noise, Adam's step is lr times its sign, which nothing predicts.
ADAM = {"type": "adam", "lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.01}
# None is a multiple of any lane count, and the third is a short last batch.
BATCHES = (19, 19, 6, 19)


def activations(
    network: Network,
    parameters: Arrays,
    x: NDArray[Any],
    draw: tuple[int, int] | None = None,
    buffers: Arrays | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Return the input and the output of every layer by name; `draw` holds seed and step, None in inference."""
    own = {key: value.astype(np.float64) for key, value in (buffers or {}).items()}
    return Reference(network, parameters, own, draw).forward(x)


class ReferenceTrainer:
    """The same steps as the Trainer's, on copies of the parameters and running statistics.

    `scale` is what a schedule multiplies every learning rate by.
    """

    def __init__(
        self,
        network: Network,
        parameters: Arrays,
        optimizer: dict[str, Any],
        seed: int = 0,
        buffers: Arrays | None = None,
        *,
        clip_grad_norm: float | None = None,
        clip_grad_value: float | None = None,
        shared_gradients: str = "sum",
        loss: str | dict[str, Any] = "cross_entropy",
    ) -> None:
        self._loss = parse_loss(loss)
        self.network, self.seed, self.steps = network, seed, 0
        self.scale, self._clip_norm, self._clip_value = 1.0, clip_grad_norm, clip_grad_value
        self._mean = shared_gradients == "mean"
        self.parameters = {key: value.astype(np.float64) for key, value in parameters.items()}
        self.buffers = {key: value.astype(np.float64) for key, value in (buffers or {}).items()}
        table = parse_optimizer(optimizer)
        self._settings, self._lr = table.settings, table.lr
        self._update = getattr(import_module(f"nbcnn.kernels.reference.{table.type}"), table.type)
        starts = [table.state_arrays.get(name) for name in state_names(table.type)]
        self._state = {
            key: [None if start is None else np.full_like(value, start) for start in starts]
            for key, value in self.parameters.items()
        }

    def step(self, x: NDArray[Any], y: NDArray[Any]) -> float:
        """Update once; return the mean loss before it."""
        self.steps += 1
        run = Reference(self.network, self.parameters, self.buffers, (self.seed, self.steps))
        values = run.forward(x)
        output = values[self.network.layers[-1].name]
        module = import_module(f"nbcnn.kernels.reference.{self._loss.type}")
        targets: list[Any] = [y]
        if self._loss.type == "cross_entropy":
            weight = self._loss.weight
            targets.append(None if weight is None else np.array(weight))
        settings = self._loss.settings
        loss = getattr(module, self._loss.type)(output, *targets, **settings)
        (dy,) = getattr(module, f"{self._loss.type}_gradient")(np.ones(()), output, loss, *targets, **settings)
        gradients = run.backward(values, dy)
        self._step(gradients)
        return float(loss)

    def _step(self, gradients: Arrays) -> None:
        trained = [
            (node, name, f"{node.name}.{name}")
            for node in self.network.layers
            for name in node.parameters
            if node.layer.trainable
        ]
        seen = {key: gradients[key] / (_positions(node, name) if self._mean else 1) for node, name, key in trained}
        if self._clip_value is not None:
            seen = {key: np.clip(value, -self._clip_value, self._clip_value) for key, value in seen.items()}
        if self._clip_norm is not None:
            norm = np.sqrt(sum((value**2).sum() for value in seen.values()))
            seen = {key: value * min(1.0, self._clip_norm / (norm + 1e-6)) for key, value in seen.items()}
        for node, _, key in trained:
            rate = self.scale * (self._lr if node.layer.lr is None else node.layer.lr)
            self.parameters[key], *self._state[key] = self._update(
                self.parameters[key], seen[key], *self._state[key], **self._settings, lr=rate, step=self.steps
            )


def _positions(node: Node, name: str) -> int:
    """Return how many positions share the weight, or the bias, of a convolution; in other layers there is one."""
    if node.type == "conv" or (node.type, name) == ("conv_transpose", "bias"):
        return prod(node.output_shape[1:])
    return prod(node.input_shapes[0][1:]) if node.type == "conv_transpose" else 1


# Float32 against float64 over a handful of steps. A step's gradients are good to a few roundings (2**-24 = 6e-8) of
# their own scale; each step carries the difference of the one before on and at worst roughly doubles it at the learning
# rates used here. A wrong mask, a forgotten lane or a stale moment are a thousand times beyond.
LOSS_TOLERANCE = 1e-5
WEIGHT_TOLERANCE = 3e-5


def assert_same_loss(actual: float, expected: float) -> None:
    # Written so that a NaN fails.
    assert abs(actual - expected) <= LOSS_TOLERANCE * max(1.0, abs(expected)), f"{actual} instead of {expected}"


def assert_same_weights(actual: Arrays, expected: Arrays) -> None:
    """Compare parameter by parameter, relative to the largest weight of each."""
    assert actual.keys() == expected.keys()
    for key, value in actual.items():
        difference = np.abs(value - expected[key]).max()
        assert difference <= WEIGHT_TOLERANCE * np.abs(expected[key]).max(), f"{key} differs by {difference}"


def batch(network: Network, samples: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return standard normal samples of the network's input shape, and labels."""
    random = np.random.default_rng(seed)
    x = random.standard_normal((samples, *network.input_shape), dtype=np.float32)
    return x, random.integers(0, network.output_shape[0], samples)


def follow(
    network,
    optimizer: dict,
    batches: tuple[int, ...] = BATCHES,
    batch_size: int | None = None,
    scales: tuple[float, ...] = (1.0,) * len(BATCHES),
    **settings,
) -> Trainer:
    """Train model (seed 3) and reference side by side, at `scales` of the full learning rates; all must agree."""
    model = Model(network, seed=3)
    reference = ReferenceTrainer(network, model.parameters, optimizer, seed=5, buffers=model.buffers, **settings)
    trainer = Trainer(model, optimizer=optimizer, batch_size=batch_size, seed=5, **settings)
    full = trainer.learning_rate
    for number, (samples, scale) in enumerate(zip(batches, scales, strict=False)):
        x, y = batch(network, samples, seed=number)
        trainer.learning_rate, reference.scale = full * scale, scale
        assert_same_loss(trainer.step(x, y), reference.step(x, y))
    assert_same_weights(model.parameters, reference.parameters)
    assert trainer.steps == len(batches)
    return trainer
