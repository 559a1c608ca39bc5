"""What a process that only looks at a spec need not do."""

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

_SETTINGS = {"OPENBLAS_NUM_THREADS": "1", "PYDANTIC_DISABLE_PLUGINS": "__all__"}
# Pydantic names functions of the first two and calls none of them: one looks for plugins, the other compares secrets.
# They bring e-mail, archives and cryptography with them, which takes a twentieth of the time. The others are the texts
# that `help` shows of NumPy's compiled functions, a tenth of NumPy's own time.
_MODULES = ("importlib.metadata", "secrets", "numpy._core._add_newdocs", "numpy._core._add_newdocs_scalars")


class _Later(ModuleType):
    """Stands for a module of functions until one of them is called."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*arguments: Any, **further: Any) -> Any:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
            return getattr(import_module(self.__name__), name)(*arguments, **further)

        return call


@contextmanager
def lightly() -> Iterator[None]:
    """Look for no garbage meanwhile, let NumPy, where it is loaded now, start no threads to multiply matrices, and
    pydantic look for no plugins in all that is installed, nor load what it has no use for.

    Nearly all that is made stays, and looking through it takes a third of the time, so that it is left out even where
    the process ends; starting threads takes a tenth. What the user has set stays.
    """
    was_enabled = gc.isenabled()
    added = {name: value for name, value in _SETTINGS.items() if name not in os.environ}
    later = {name: _Later(name) for name in _MODULES if name not in sys.modules}
    gc.disable()
    os.environ.update(added)
    sys.modules.update(later)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
        for name, module in later.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
        gc.freeze()
        if was_enabled:
            gc.enable()
