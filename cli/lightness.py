"""What a process that only looks at a spec need not do."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

_SETTINGS = {"OPENBLAS_NUM_THREADS": "1", "PYDANTIC_DISABLE_PLUGINS": "__all__"}


@contextmanager
def lightly() -> Iterator[None]:
    """Look for no garbage meanwhile, let NumPy, where it is loaded now, start no threads to multiply matrices, and
    pydantic look for no plugins in all that is installed.

    Nearly all that is made stays, and looking through it takes a third of the time, so that it is left out even where
    the process ends; starting threads takes a tenth. What the user has set stays.
    """
    was_enabled = gc.isenabled()
    added = {name: value for name, value in _SETTINGS.items() if name not in os.environ}
    gc.disable()
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
        gc.freeze()
        if was_enabled:
            gc.enable()
