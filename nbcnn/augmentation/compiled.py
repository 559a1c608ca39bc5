"""Loops over a batch, compiled for the kind of number that it holds and kept in the cache beside the kernels."""

import hashlib
from collections.abc import Callable
from functools import lru_cache, update_wrapper
from pathlib import Path
from typing import Any

import numpy as np

from nbcnn.kernels.cpu.compiling.cache import cached_function


@lru_cache(maxsize=1)
def _sources() -> str:
    """A hash of this folder's files, whose functions call one another."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


class Compiled:
    """A function that is compiled, or found in the cache, when it is first called with a kind of number."""

    def __init__(self, function: Callable[..., None], signature: str) -> None:
        update_wrapper(self, function)
        self._function = function
        self._signature = signature
        self._made: dict[np.dtype[Any], Callable[..., None]] = {}

    def __call__(self, first: np.ndarray, *others: Any) -> None:
        kind = first.dtype
        if kind not in self._made:
            identity = f"{self._function.__module__}.{self._function.__name__} of {kind} from {_sources()}"
            signature = self._signature.replace("T", kind.name)
            self._made[kind] = cached_function(identity, signature, self._function, nogil=True)
        self._made[kind](first, *others)


def compiled(signature: str) -> Callable[[Callable[..., None]], Compiled]:
    """Compile a function of this signature, in which T is what its first argument, an array, holds.

    It holds no lock of Python's while it runs, so that a batch can be made ready while the engine trains on another.
    """
    return lambda function: Compiled(function, signature)
