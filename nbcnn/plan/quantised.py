"""The plan of inference in whole numbers: weights and most activations are bytes."""

from collections.abc import Mapping
from math import prod

import numba
import numpy as np
from numpy.typing import NDArray

from nbcnn.kernels.cpu.compiling import OnCompile
from nbcnn.network import Network
from nbcnn.plan.calibration import calibrate
from nbcnn.plan.plan import Plan
from nbcnn.plan.whole_numbers import divide, lower_in_whole_numbers

# Samples that share a tile, at most: enough to fill it with the one pixel that a linear layer has.
_MOST_TOGETHER = 16
# What the inputs and outputs of a layer may take for all of them, so that they stay in a core's cache beside weights.
_CACHE_BYTES = 512 << 10


class QuantisedPlan:
    """A callable from up to `samples` samples to the last layer's output."""

    def __init__(
        self,
        network: Network,
        arrays: Mapping[str, np.ndarray],
        input_scale: np.ndarray,
        samples: int,
        calibration: np.ndarray,
        on_compile: OnCompile | None,
    ) -> None:
        division = divide(network)
        scales = calibrate(network, arrays, input_scale, calibration, division.scaled, on_compile)
        program = lower_in_whole_numbers(
            network, division, arrays, input_scale, scales, samples, _together(network, samples)
        )
        self._plan = Plan(program, on_compile)
        self._output_shape = network.output_shape

    def __call__(self, x: np.ndarray) -> NDArray[np.float32]:
        x = np.ascontiguousarray(x)
        output = np.empty((len(x), *self._output_shape), dtype=np.float32)
        if len(x):
            self._plan.run(len(x), {"input": x, "output": output})
        return output


def _together(network: Network, samples: int) -> int:
    """How many samples lie in one activation: one over three axes, since they need the first of them."""
    if len(network.input_shape) > 3:
        return 1
    largest: int = max(sum(map(prod, node.input_shapes)) + prod(node.output_shape) for node in network.layers)
    for_threads: int = -(-samples // numba.get_num_threads())
    return max(1, min(_MOST_TOGETHER, for_threads, _CACHE_BYTES // largest))
