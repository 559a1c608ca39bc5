"""The plan of inference in whole numbers: weights and most activations are bytes."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nbcnn.errors import InputError
from nbcnn.kernels.cpu.compiling.compiling import OnCompile
from nbcnn.machine.cores import thread_count
from nbcnn.network import Network
from nbcnn.plan.calibration import calibrate
from nbcnn.plan.one_sample import WORTH_A_MEETING, WORTH_A_TEAM
from nbcnn.plan.plan import Plan
from nbcnn.plan.walker import straight_walker
from nbcnn.plan.whole_numbers import divide, lower_in_whole_numbers

# Samples that share a tile, at most: enough to fill it with the one pixel that a linear layer has.
_MOST_TOGETHER = 16
# What the inputs and outputs of a layer may take for all of them, so that they stay in a core's cache beside weights.
_CACHE_BYTES = 1 << 20


class QuantisedPlan(Plan):
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
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise InputError(f"{name}: finite numbers are expected, some are not; train the model again")
        division = divide(network)
        scales = calibrate(network, arrays, input_scale, calibration, division.scaled, on_compile)
        program = lower_in_whole_numbers(
            network, division, arrays, input_scale, scales, samples, _together(network, samples)
        )
        in_team = thread_count() > 1 and sum(call.work for call in program.calls()) >= WORTH_A_TEAM
        alone = program.blocks == 1 and not in_team
        super().__init__(program, on_compile, worthwhile=math.inf if alone else WORTH_A_MEETING)
        self._straight = straight_walker() if alone else None
        self._output_shape = network.output_shape

    def __call__(self, x: np.ndarray) -> NDArray[np.float32]:
        x = np.ascontiguousarray(x)
        output = np.empty((len(x), *self._output_shape), dtype=np.float32)
        if len(x):
            self.run(len(x), {"input": x, "output": output})
        return output

    def _walk_phases(self, phases: np.ndarray, blocks: int) -> None:
        if self._straight is None:
            super()._walk_phases(phases, blocks)
        else:
            self._straight(self.arena.address, self.table.ctypes.data, self.table.strides[0], 0, len(self.table))


def _together(network: Network, samples: int) -> int:
    """How many samples lie in one activation: one over three axes, since they need the first of them."""
    if len(network.input_shape) > 3:
        return 1
    largest: int = max(sum(map(math.prod, node.input_shapes)) + math.prod(node.output_shape) for node in network.layers)
    for_threads: int = -(-samples // thread_count())
    return max(1, min(_MOST_TOGETHER, for_threads, _CACHE_BYTES // largest))
