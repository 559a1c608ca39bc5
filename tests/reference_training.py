"""Whole networks on the reference's operations: inference and training in plain NumPy and float64."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.network import Network
from nbcnn.network.node import Node

Arrays = Mapping[str, NDArray[Any]]


def _function(node: Node, suffix: str = ""):
    return getattr(import_module(f"nbcnn.kernels.reference.{node.operation}"), f"{node.operation}{suffix}")


def _values(node: Node, parameters: Arrays) -> list:
    """Return the parameters as the operation takes them: an absent bias is None."""
    values = [parameters[f"{node.name}.{name}"] for name in node.parameters]
    return [*values, None] if len(values) == 1 else values


def _attributes(network: Network, node: Node, seed: int, step: int) -> dict[str, Any]:
    random = {"seed": seed, "step": step, "salt": network.layers.index(node)}
    return node.attributes | (random if node.operation == "dropout" else {})


def activations(
    network: Network, parameters: Arrays, x: NDArray[Any], draw: tuple[int, int] | None = None
) -> list[NDArray[np.float64]]:
    """Return x and the output of every layer; `draw` holds dropout's seed and step, and is None in inference."""
    values = [np.asarray(x, np.float64)]
    for node in network.layers:
        if node.operation == "dropout" and draw is None:
            values.append(values[-1])
        else:
            attributes = _attributes(network, node, *(draw or (0, 0)))
            values.append(_function(node)(values[-1], *_values(node, parameters), **attributes))
    return values


class ReferenceTrainer:
    """The same steps as the Trainer's, on copies of the parameters."""

    def __init__(self, network: Network, parameters: Arrays, optimizer: dict[str, Any], seed: int = 0) -> None:
        self.network, self.seed, self.steps = network, seed, 0
        self.parameters = {key: value.astype(np.float64) for key, value in parameters.items()}
        self._settings = dict(optimizer)
        name = self._settings.pop("type")
        self._update = getattr(import_module(f"nbcnn.kernels.reference.{name}"), name)
        count = {"sgd": 1, "adam": 2}[name]
        self._state = {key: [np.zeros_like(value)] * count for key, value in self.parameters.items()}

    def step(self, x: NDArray[Any], y: NDArray[np.int64]) -> float:
        """Update once; return the mean loss before it."""
        from nbcnn.kernels.reference.cross_entropy import cross_entropy, cross_entropy_gradient

        self.steps += 1
        values = activations(self.network, self.parameters, x, (self.seed, self.steps))
        loss = cross_entropy(values[-1], y)
        (dy,) = cross_entropy_gradient(np.ones(()), values[-1], loss, y)
        for number, node in reversed(list(enumerate(self.network.layers))):
            dy, *gradients = _function(node, "_gradient")(
                dy,
                values[number],
                values[number + 1],
                *_values(node, self.parameters),
                **_attributes(self.network, node, self.seed, self.steps),
            )
            for name, gradient in zip(node.parameters, gradients, strict=False):
                key = f"{node.name}.{name}"
                self.parameters[key], *self._state[key] = self._update(
                    self.parameters[key], gradient, *self._state[key], **self._settings, step=self.steps
                )
        return float(loss)


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
