"""Convolutional networks from declarative specs, compiled by Numba.

Names are loaded when they are first used, so that `import nbcnn` is instant.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbcnn import functional as functional
    from nbcnn.api import bench as bench
    from nbcnn.api import build as build
    from nbcnn.api import compare as compare
    from nbcnn.api import diff as diff
    from nbcnn.api import evaluate as evaluate
    from nbcnn.api import fix as fix
    from nbcnn.api import gradcheck as gradcheck
    from nbcnn.api import inspect as inspect
    from nbcnn.api import load_spec as load_spec
    from nbcnn.api import lr_find as lr_find
    from nbcnn.api import new as new
    from nbcnn.api import plot as plot
    from nbcnn.api import predict as predict
    from nbcnn.api import preview as preview
    from nbcnn.api import receptive_field as receptive_field
    from nbcnn.api import report as report
    from nbcnn.api import schema as schema
    from nbcnn.api import step as step
    from nbcnn.api import train as train
    from nbcnn.api import validate as validate
    from nbcnn.api import verify as verify
    from nbcnn.api import warmup as warmup
    from nbcnn.examination.doctor import doctor as doctor
    from nbcnn.training.callbacks import Callback as Callback
    from nbcnn.training.fit import Model as Model
    from nbcnn.training.tensorboard import TensorBoard as TensorBoard
    from nbcnn.training.trainer import Trainer as Trainer

__version__ = "0.1.0"

_HOMES = {
    "Callback": "nbcnn.training.callbacks",
    "Model": "nbcnn.training.fit",
    "TensorBoard": "nbcnn.training.tensorboard",
    "Trainer": "nbcnn.training.trainer",
    "bench": "nbcnn.api",
    "build": "nbcnn.api",
    "compare": "nbcnn.api",
    "diff": "nbcnn.api",
    "doctor": "nbcnn.examination.doctor",
    "evaluate": "nbcnn.api",
    "fix": "nbcnn.api",
    "gradcheck": "nbcnn.api",
    "inspect": "nbcnn.api",
    "load_spec": "nbcnn.api",
    "lr_find": "nbcnn.api",
    "new": "nbcnn.api",
    "plot": "nbcnn.api",
    "predict": "nbcnn.api",
    "preview": "nbcnn.api",
    "receptive_field": "nbcnn.api",
    "report": "nbcnn.api",
    "schema": "nbcnn.api",
    "step": "nbcnn.api",
    "train": "nbcnn.api",
    "validate": "nbcnn.api",
    "verify": "nbcnn.api",
    "warmup": "nbcnn.api",
}

__all__ = ["__version__", "functional", *_HOMES]


def __getattr__(name: str) -> Any:
    if name == "functional":
        return import_module("nbcnn.functional")
    if name not in _HOMES:
        raise AttributeError(f"module 'nbcnn' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(globals() | _HOMES)
