"""The frameworks measured beside nbcnn: a module for each, with a `Training` and an `Inference` of a workload.

`Training(workload, threads, **options)` has `load(weights)`; `batch(images, labels)`, the data as the framework likes
it best; and `step(batch)`, one update, which returns the loss before it as something that float() waits for.
`Inference(workload, batch_size, threads, **options)` has `load(weights)`, `batch(images)`, `predict(batch)`, which
returns when the result is there, and `logits(result)`, the result as an array. `load` comes first.
"""

from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any


@dataclass(frozen=True)
class Contestant:
    """`module` is one of this folder; `packages` maps what it imports to what pip calls it; `least_axes` is the least
    number of spatial axes that it is another contestant for."""

    module: str
    packages: dict[str, str]
    options: dict[str, Any] = field(default_factory=dict)
    trains: bool = True
    least_axes: int = 1

    @property
    def family(self) -> str:
        return self.module.removesuffix("_peer")

    def missing(self) -> list[str]:
        """What has to be installed first, in pip's words."""
        return [package for module, package in self.packages.items() if find_spec(module) is None]


_TORCH = {"torch": "torch"}
_TENSORFLOW = {"tensorflow": "tensorflow-cpu"}
_KERAS = _TENSORFLOW | {"keras": "keras"}
_ONNX = {"onnx": "onnx"}

NBCNN = "nbcnn"
# How the word on a contestant begins whose packages are missing.
NOT_INSTALLED = "not installed"
CONTESTANTS = {
    NBCNN: Contestant("nbcnn_peer", {"nbcnn": "nbcnn"}),
    "torch": Contestant("torch_peer", _TORCH),
    "torch channels_last": Contestant("torch_peer", _TORCH, {"channels_last": True}, least_axes=2),
    "torch.compile": Contestant("torch_peer", _TORCH, {"compiled": True}),
    "torch.compile channels_last": Contestant(
        "torch_peer", _TORCH, {"channels_last": True, "compiled": True}, least_axes=2
    ),
    "jax": Contestant("jax_peer", {"jax": "jax"}),
    "keras": Contestant("keras_peer", _KERAS),
    "tf.function": Contestant("tensorflow_peer", _TENSORFLOW),
    "onnxruntime": Contestant("onnxruntime_peer", _ONNX | {"onnxruntime": "onnxruntime"}, trains=False),
    "openvino": Contestant("openvino_peer", _ONNX | {"openvino": "openvino"}, trains=False),
}
