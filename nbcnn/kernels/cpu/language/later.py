"""Numba's words for kernels, without Numba: it is loaded when something is compiled.

Until then a network can be laid out and its memory be known, which takes no compiled code. What is decorated stands for
itself; `load` makes it into what Numba's decorators make of it, and teaches Numba to see that in its place.
"""

from collections.abc import Callable
from functools import update_wrapper
from importlib import import_module
from typing import Any


class _Module:
    """A module of Numba's or its compiler's, loaded when something of it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)


types = _Module("numba.types")
cgutils = _Module("numba.core.cgutils")
ir = _Module("llvmlite.ir")

_waiting: list[Callable[[], Any]] = []
_loaded = False


def when_loaded(action: Callable[[], Any]) -> None:
    """Do this as soon as Numba is there."""
    if _loaded:
        action()
    else:
        _waiting.append(action)


class Deferred:
    """A function that Numba will know; called from Python, it is compiled then."""

    def __init__(self, decorator: Callable[[], Callable[..., Any]], options: dict[str, Any], function: Any) -> None:
        update_wrapper(self, function)
        self._decorator, self._options, self._function = decorator, options, function
        self.made: Any = None
        when_loaded(self._make)

    def _make(self) -> None:
        decorator = self._decorator()
        self.made = decorator(**self._options)(self._function) if self._options else decorator(self._function)

    def __call__(self, *arguments: Any) -> Any:
        load()
        return self.made(*arguments)


def _decorating(decorator: Callable[[], Callable[..., Any]]) -> Callable[..., Any]:
    def decorate(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        if function is not None:
            return Deferred(decorator, options, function)
        return lambda function: Deferred(decorator, options, function)

    return decorate


njit = _decorating(lambda: import_module("numba").njit)
intrinsic = _decorating(lambda: import_module("numba.extending").intrinsic)


def overload(target: Callable[..., Any], **options: Any) -> Callable[[Any], Any]:
    """As numba.extending.overload."""

    def register(function: Any) -> Any:
        when_loaded(lambda: import_module("numba.extending").overload(target, **options)(function))
        return function

    return register


def load() -> None:
    """Load Numba, and make everything that waits for it."""
    global _loaded
    if _loaded:
        return
    _loaded = True
    from numba.core.registry import cpu_target
    from numba.extending import typeof_impl

    @typeof_impl.register(Deferred)
    def _typeof(value: Deferred, context: Any) -> Any:
        return cpu_target.typing_context.resolve_value_type(value.made)

    import_module("nbcnn.kernels.cpu.language.vector_types")
    while _waiting:
        _waiting.pop(0)()
