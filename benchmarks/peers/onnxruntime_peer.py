"""ONNX Runtime on the CPU with all its graph optimisations."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime
from workload import Workload

from peers.onnx_model import model_bytes


class Inference:
    def __init__(self, workload: Workload, batch_size: int, threads: int) -> None:
        self._workload, self._batch_size, self._threads = workload, batch_size, threads

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        model = model_bytes(self._workload, weights, self._batch_size)
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def batch(self, images: np.ndarray) -> Any:
        return {"input": images}

    def predict(self, batch: Any) -> Any:
        return self._session.run(None, batch)

    def logits(self, result: Any) -> np.ndarray:
        return result[0]
