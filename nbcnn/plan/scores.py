"""What one layer of a network gives, and the gradient of the network's output there, as in inference."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nbcnn.kernels.cpu.language.lanes import lane_count
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.network import INPUT, Network
from nbcnn.plan.lowering import SHOWN, lower_inference, lower_score
from nbcnn.plan.operations import is_random
from nbcnn.plan.plan import Plan

Floats = NDArray[np.float32]
Key = tuple[int, int, str]
"""Lanes, samples, and the layer that is looked at."""

MOST_SAMPLES = 64
"""Samples that go through a plan at a time: all that its layers give for them is in memory."""


@dataclass(frozen=True, eq=False)
class Weighted:
    """A network with its arrays by key, "conv1.weight"; `scale` has factor and shift for each channel of the input.

    `plans` are of earlier calls, one for each kind of plan: mostly the next call is like the last, for another sample.
    """

    network: Network
    parameters: Mapping[str, Floats]
    buffers: Mapping[str, Floats]
    scale: Floats
    plans: dict[str, tuple[Key, Plan]]

    def activations(self, x: np.ndarray, layer: str) -> Floats:
        """What a layer gives for x (N, C, *space): (N, *shape of the layer)."""
        given = _source(self.network, layer)
        samples = min(len(x), MOST_SAMPLES)
        kind = "output" if layer == self.network.layers[-1].name else "layer"
        plan = self._planned(
            kind, samples, given, lambda: lower_inference(self.network, samples, *self._arrays, shown=(given,))
        )
        found = np.empty((len(x), *self._shape(layer)), np.float32)
        output = np.empty((samples, *self.network.output_shape), np.float32)
        for part in _parts(len(x)):
            _run(plan, x[part], {SHOWN.format(given): found[part], "output": output})
        return found

    def outputs(self, x: np.ndarray) -> Floats:
        """What the last layer gives for x."""
        return self.activations(x, self.network.layers[-1].name)

    def score_gradient(self, x: np.ndarray, dy: Floats, layer: str = INPUT) -> tuple[Floats, Floats]:
        """What a layer gives for x, and the gradient of sum(dy * output) with respect to that.

        The input gives x as the first layer reads it, normalised.
        """
        given = _source(self.network, layer)
        samples = min(len(x), MOST_SAMPLES)
        plan = self._planned("score", samples, given, lambda: lower_score(self.network, samples, *self._arrays, given))
        found = np.empty((len(x), *self._shape(layer)), np.float32)
        dx = np.empty_like(found)
        for part in _parts(len(x)):
            _run(plan, x[part], {SHOWN.format(given): found[part], "dy": dy[part], "dx": dx[part]})
        return found, dx

    def _planned(self, kind: str, samples: int, layer: str, lower: Callable[[], Program]) -> Plan:
        key = (lane_count(), samples, layer)
        if self.plans.get(kind, (None,))[0] != key:
            self.plans.pop(kind, None)  # before the next one takes its memory
            self.plans[kind] = key, Plan(lower())
        return self.plans[kind][1]

    @property
    def _arrays(self) -> tuple[Mapping[str, Floats], Mapping[str, Floats], Floats]:
        return self.parameters, self.buffers, self.scale

    def _shape(self, layer: str) -> tuple[int, ...]:
        return self.network.input_shape if layer == INPUT else self.network[layer].output_shape


def _source(network: Network, layer: str) -> str:
    """The layer that makes the numbers: random ones pass on what they read."""
    while layer != INPUT and is_random(network[layer].operation):
        (layer,) = network[layer].inputs
    return layer


def _parts(samples: int) -> list[slice]:
    return [slice(start, min(start + MOST_SAMPLES, samples)) for start in range(0, samples, MOST_SAMPLES)]


def _run(plan: Plan, x: np.ndarray, ports: Mapping[str, np.ndarray]) -> None:
    plan.run(len(x), {**ports, "input": x, "indices": np.arange(len(x), dtype=np.int64)})
