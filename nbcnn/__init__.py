"""Convolutional networks from declarative specs, compiled by Numba.

Names are loaded when they are first used, so that `import nbcnn` is instant.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbcnn.api import build as build
    from nbcnn.api import load_spec as load_spec
    from nbcnn.api import schema as schema
    from nbcnn.api import validate as validate

__version__ = "0.1.0"

_HOMES = {
    "build": "nbcnn.api",
    "load_spec": "nbcnn.api",
    "schema": "nbcnn.api",
    "validate": "nbcnn.api",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'nbcnn' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(globals() | _HOMES)
