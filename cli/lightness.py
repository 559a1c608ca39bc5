"""What a process that only looks at a spec need not do."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.abc import Loader
else:
    Loader = object  # its module loads others

_SETTINGS = {"OPENBLAS_NUM_THREADS": "1", "PYDANTIC_DISABLE_PLUGINS": "__all__"}
# What others name when they are loaded and nobody calls here. Pydantic: what looks for plugins, and what compares
# secrets; they bring e-mail, archives and cryptography with them. NumPy: linear algebra, pickles, and the texts that
# `help` shows of compiled functions, which this process then never has. All together it takes a tenth of the time.
_MODULES = frozenset(
    {
        "importlib.metadata",
        "secrets",
        "numpy.linalg",
        "pickle",
        "numpy._core._add_newdocs",
        "numpy._core._add_newdocs_scalars",
    }
)


class _Later(ModuleType):
    """Stands for a module until one of its functions is called, or something of it is named that has a capital.

    What else it has is taken for a function.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if not name.islower():
            return getattr(self._module(), name)
        return lambda *arguments, **further: getattr(self._module(), name)(*arguments, **further)

    def _module(self) -> ModuleType:
        _take_away(self)
        return import_module(self.__name__)


def _take_away(later: _Later) -> None:
    """Let the next who imports the module find the module."""
    name = later.__name__
    if sys.modules.get(name) is later:
        del sys.modules[name]
        parent, _, child = name.rpartition(".")
        if parent and vars(sys.modules[parent]).get(child) is later:
            delattr(sys.modules[parent], child)


class _Finder(Loader):
    """Finds what stands for each of the modules, once."""

    def __init__(self) -> None:
        self._names = {*_MODULES}
        self.found: list[_Later] = []

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name not in self._names:
            return None
        self._names.remove(name)
        return ModuleSpec(name, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        self.found.append(_Later(spec.name))
        return self.found[-1]

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to be done yet."""


@contextmanager
def lightly() -> Iterator[None]:
    """Look for no garbage meanwhile, let NumPy, where it is loaded now, start no threads to multiply matrices, and
    pydantic look for no plugins in all that is installed, nor either of them load what nobody calls here.

    Nearly all that is made stays, and looking through it takes a third of the time, so that it is left out even where
    the process ends; starting threads takes a tenth. What the user has set stays.
    """
    was_enabled = gc.isenabled()
    added = {name: value for name, value in _SETTINGS.items() if name not in os.environ}
    finder = _Finder()
    gc.disable()
    os.environ.update(added)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
        sys.meta_path.remove(finder)
        for later in finder.found:
            _take_away(later)
        gc.freeze()
        if was_enabled:
            gc.enable()
