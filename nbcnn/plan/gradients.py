"""Gradients of a whole network without an update."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nbcnn.network import INPUT, Network
from nbcnn.plan.lowering import lower_gradients
from nbcnn.plan.plan import Plan, array_view

Floats = NDArray[np.float32]


class GradientPlan:
    """The CPU kernels' gradients of sum(dy * output) with respect to a network's input and parameters, in training."""

    def __init__(
        self,
        network: Network,
        samples: int,
        parameters: Mapping[str, Floats],
        buffers: Mapping[str, Floats],
    ) -> None:
        scale = np.tile(np.array([1.0, 0.0], dtype=np.float32), (network.input_shape[0], 1))
        # The program reads these arrays where they are; running statistics are not to be moved by a check.
        self._held = (parameters, {key: value.copy() for key, value in buffers.items()}, scale)
        program, self._gradients = lower_gradients(network, samples, *self._held)
        self._plan = Plan(program)

    def run(self, x: Floats, dy: Floats, *, step: int, seed: int) -> tuple[Floats, dict[str, Floats]]:
        """The output, and gradients by key; "input" is the input's."""
        y, dx = np.empty_like(dy), np.empty_like(x)
        ports: dict[str, np.ndarray] = {
            "input": x,
            "dy": dy,
            "output": y,
            "dx": dx,
            "indices": np.arange(len(x), dtype=np.int64),
        }
        self._plan.run(len(x), ports, step=step, seed=seed)
        found = {key: array_view(self._plan.arena, each).copy() for key, each in self._gradients.items()}
        return y, {INPUT: dx} | found
