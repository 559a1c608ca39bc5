"""A model and a trainer in a few lines of NumPy, so that tests of the training room need not wait for kernels.

They serve one network, flatten and linear, with the interface of nbcnn.model.Model and nbcnn.training.trainer.Trainer.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nbcnn.network import Network, build
from nbcnn.spec import parse
from nbcnn.training.divergence import NotFinite
from nbcnn.weights import Snapshot, initialise, store

SPEC: dict[str, Any] = {
    "name": "softmax",
    "input": {"shape": [1, 8, 8]},
    "layers": [{"type": "flatten"}, {"type": "linear", "name": "classes", "out_features": 10}],
    "data": {"source": "digits"},
    "train": {"epochs": 3, "batch_size": 100, "seed": 7, "optimizer": {"type": "sgd", "lr": 0.1, "momentum": 0.9}},
}


class FakeModel:
    def __init__(self, network: Network, seed: int = 0) -> None:
        self.network = network
        self.parameters = initialise(network, seed)
        self.buffers: dict[str, np.ndarray] = {}
        self.classes: tuple[str, ...] = ()
        self.normalization: dict[str, list[float]] | None = None

    def load_kernels(self, on_compile: Callable[[str, int, int], None]) -> None:
        on_compile("fake", 0, 1)
        on_compile("", 1, 1)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            return self.flat(x) @ self.parameters["classes.weight"].T + self.parameters["classes.bias"]

    def flat(self, x: np.ndarray) -> np.ndarray:
        normalization = self.normalization or {"mean": [0.0], "std": [1.0]}
        (mean,), (std,) = normalization["mean"], normalization["std"]
        return ((x.reshape(len(x), -1) - np.float32(mean)) / np.float32(std)).astype(np.float32)

    @classmethod
    def load(cls, path: Path) -> "FakeModel":
        snapshot = store.load(path)
        model = cls(build(parse(snapshot.spec, str(path))))
        model.parameters, model.classes, model.normalization = (
            snapshot.parameters,
            snapshot.classes,
            snapshot.normalization,
        )
        return model

    def snapshot(self) -> Snapshot:
        return Snapshot(
            spec=self.network.spec.resolved(),
            parameters={key: value.copy() for key, value in self.parameters.items()},
            classes=self.classes,
            normalization=self.normalization,
        )


class FakeTrainer:
    """SGD with momentum; `on_step`, where a test sets it, is called with the number of each step, and scales its loss.

    It raises NotFinite after a step, where the trainer does so in its place.
    """

    on_step: Callable[[int], float] | None = None
    averaged = None

    def __init__(self, model: FakeModel, *, optimizer: dict[str, Any], **others: Any) -> None:
        self.model = model
        self.momentum = optimizer["momentum"]
        self.learning_rate = optimizer["lr"]
        self.steps = self.skipped = self.skipped_in_a_row = 0
        self.velocity = {key: np.zeros_like(value) for key, value in model.parameters.items()}

    @np.errstate(all="ignore")
    def step_batch(
        self, inputs: np.ndarray, targets: np.ndarray, indices: np.ndarray, last: bool = False
    ) -> tuple[float, int, int]:
        model, x, y = self.model, self.model.flat(inputs[indices]), targets[indices]
        logits = model(inputs[indices]).astype(np.float64)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        loss = -np.log(shares[np.arange(len(y)), y]).sum()
        correct = (logits.argmax(axis=1) == y).sum()
        shares[np.arange(len(y)), y] -= 1
        shares /= len(y)
        for key, gradient in (("classes.weight", shares.T @ x), ("classes.bias", shares.sum(axis=0))):
            self.velocity[key] = (self.momentum * self.velocity[key] + gradient).astype(np.float32)
            model.parameters[key] -= np.float32(self.learning_rate) * self.velocity[key]
        self.steps += 1
        if self.on_step is not None:
            loss *= self.on_step(self.steps)
        if not np.isfinite(loss):
            raise NotFinite(f"the loss of a batch is {loss:g}", self.steps)
        return float(loss), int(correct), len(y)

    def state(self) -> dict[str, np.ndarray]:
        return {f"momentum/{key}": value.copy() for key, value in self.velocity.items()}

    def load_state(self, state: dict[str, np.ndarray], steps: int, *skipped: int) -> None:
        self.velocity = {key.removeprefix("momentum/"): value.copy() for key, value in state.items()}
        self.steps = steps
