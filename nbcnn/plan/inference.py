"""The plan of inference for many samples, samples as lanes: weights are packed when it is made and never again."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nbcnn.kernels.cpu.compiling.compiling import OnCompile
from nbcnn.network import Network
from nbcnn.plan.lowering import lower_inference
from nbcnn.plan.plan import Plan


class BatchPlan:
    """A callable from up to `samples` samples to the last layer's output."""

    def __init__(
        self,
        network: Network,
        arrays: Mapping[str, np.ndarray],
        input_scale: np.ndarray,
        samples: int,
        on_compile: OnCompile | None,
    ) -> None:
        # The program reads these where they are, and nobody else has them.
        self._held = (arrays, input_scale.copy())
        self._plan = Plan(
            lower_inference(network, samples, arrays, arrays, self._held[1]), on_compile, prepare_once=True
        )
        self._output_shape = network.output_shape
        self._indices = np.arange(samples, dtype=np.int64)

    def __call__(self, x: np.ndarray) -> NDArray[np.float32]:
        x = np.ascontiguousarray(x)
        output = np.empty((len(x), *self._output_shape), dtype=np.float32)
        if len(x):
            self._plan.run(len(x), {"input": x, "indices": self._indices, "output": output})
        return output
