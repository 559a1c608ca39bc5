"""OpenVINO on the CPU in float32; where it may, it would compute in bfloat16."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import openvino
from workload import Workload

from peers.onnx_model import model_bytes


class Inference:
    def __init__(self, workload: Workload, batch_size: int, threads: int) -> None:
        self._workload, self._batch_size, self._threads = workload, batch_size, threads

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        core = openvino.Core()
        settings = {
            # One call at a time, which has all threads.
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": self._threads,
        }
        model = core.read_model(model_bytes(self._workload, weights, self._batch_size))
        self._request = core.compile_model(model, "CPU", settings).create_infer_request()

    def batch(self, images: np.ndarray) -> Any:
        return openvino.Tensor(images, shared_memory=True)

    def predict(self, batch: Any) -> Any:
        return self._request.infer([batch], share_inputs=True, share_outputs=True)

    def logits(self, result: Any) -> np.ndarray:
        return np.array(result[0])
