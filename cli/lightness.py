"""What a process that only looks at a spec need not do."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

_SETTINGS = {"OPENBLAS_NUM_THREADS": "1", "PYDANTIC_DISABLE_PLUGINS": "__all__"}
# What others name when they are loaded and nobody calls here. Pydantic: what looks for plugins, and what compares
# secrets; they bring e-mail, archives and cryptography with them. NumPy: the texts that `help` shows of compiled
# functions, linear algebra, and pickles. All together it takes a tenth of the time.
_MODULES = (
    "importlib.metadata",
    "secrets",
    "numpy._core._add_newdocs",
    "numpy._core._add_newdocs_scalars",
    "numpy.linalg",
    "pickle",
)


class _Later(ModuleType):
    """Stands for a module until one of its functions is called, or something else of it is named."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if not name.islower():  # a class or a constant
            return getattr(self._module(), name)
        return lambda *arguments, **further: getattr(self._module(), name)(*arguments, **further)

    def _module(self) -> ModuleType:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return import_module(self.__name__)


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
