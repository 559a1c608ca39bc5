"""The cache of compiled code, in the place of Numba's, which loads what it finds without looking.

A function is known by an identity, and by all beside the sources that its machine code depends on: machines of several
kinds that share a home each find their own.
"""

import hashlib
import pickle
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import llvmlite
import numba
from numba import njit
from numba.core import config, sigutils
from numba.core.ccallback import CFunc
from numba.core.compiler import CompileResult
from numba.core.registry import cpu_target
from numba.core.serialize import dumps

from nbcnn.errors import InputError
from nbcnn.kernels.cpu.compiling import entries
from nbcnn.machine.signals import signals_wait

_ERRORS = {"error_model": "numpy"}


@lru_cache(maxsize=1)
def _surroundings() -> tuple[Any, ...]:
    """The processor that Numba compiles for with its features, the libraries, and the Python that it compiles with."""
    processor = cpu_target.target_context.codegen().magic_tuple()
    return (*processor, sys.implementation.cache_tag, numba.__version__, llvmlite.__version__, config.USING_SVML)


def _entry(identity: str) -> str:
    """The name of a function's entry on disk, for this kind of machine."""
    return hashlib.sha256(repr((identity, *_surroundings())).encode()).hexdigest()[:32]


def is_cached(identity: str) -> bool:
    """Whether this function's code is on disk; it may still turn out to be damaged."""
    return entries.size(_entry(identity)) > 0


def bytes_on_disk(identities: Iterable[str]) -> int:
    """How much the code of these functions takes there."""
    return sum(entries.size(_entry(identity)) for identity in identities)


class _Cache:
    """What Numba takes for the cache of one function."""

    cache_path = None

    def __init__(self, identity: str) -> None:
        self._name = _entry(identity)

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """The compiled function, or None where it is not on disk."""
        target_context.refresh()
        stored = entries.read(self._name)
        return None if stored is None else CompileResult._rebuild(target_context, *pickle.loads(stored))

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep a compiled function."""
        assert not result.library.has_dynamic_globals, "its code holds addresses of this process"
        entries.write(self._name, dumps(result._reduce()))


def cached_callback(identity: str, signature: str, function: Callable[..., None]) -> Any:
    """As numba.cfunc, with the function's code in our cache."""
    callback: Any = CFunc(function, sigutils.normalize_signature(signature), {}, dict(_ERRORS))
    callback._cache = _Cache(identity)
    with signals_wait():  # Numba calls back from C, where an interrupt is lost or leaves half of a library
        callback.compile()
    return callback


def refuse_without_compiler() -> None:
    """Raises InputError where the environment has Numba compile nothing."""
    if config.DISABLE_JIT:
        raise InputError("NUMBA_DISABLE_JIT: nbcnn computes with compiled code alone; unset it")


def cached_function(identity: str, signature: str, function: Callable[..., None], **options: Any) -> Any:
    """As numba.njit for this signature alone, with the function's code in our cache; raises InputError without Numba's
    compiler."""
    refuse_without_compiler()
    compiled = njit(**_ERRORS, **options)(function)
    compiled._cache = _Cache(identity)
    with signals_wait():
        compiled.compile(signature)
    compiled.disable_compile()
    return compiled
