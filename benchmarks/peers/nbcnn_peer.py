"""nbcnn itself, as a contestant like the others."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from workload import Workload

from nbcnn import Model, Trainer, build, load_spec


class _Loaded:
    def __init__(self, workload: Workload) -> None:
        self._spec = load_spec(workload.spec)
        self.model = Model(build(self._spec))

    def _fill(self, weights: Mapping[str, np.ndarray]) -> None:
        for name, array in {**self.model.parameters, **self.model.buffers}.items():
            array[...] = weights[name]


class Training(_Loaded):
    def __init__(self, workload: Workload, threads: int) -> None:
        super().__init__(workload)
        self._batch_size = workload.batch_size

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        self._fill(weights)
        optimizer = self._spec.train.optimizer.model_dump()
        self._trainer = Trainer(self.model, optimizer=optimizer, batch_size=self._batch_size)
        self._indices = np.arange(self._batch_size, dtype=np.int64)

    def batch(self, images: np.ndarray, labels: np.ndarray) -> Any:
        return images, labels

    def step(self, batch: Any) -> float:
        return self._trainer.step_batch(*batch, self._indices)[0] / self._batch_size


class Inference(_Loaded):
    def __init__(self, workload: Workload, batch_size: int, threads: int) -> None:
        super().__init__(workload)
        self._batch_size = batch_size

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        self._fill(weights)
        self.predict = self.model.compile(self._batch_size)

    def batch(self, images: np.ndarray) -> np.ndarray:
        return images

    def logits(self, result: Any) -> np.ndarray:
        return np.asarray(result)
