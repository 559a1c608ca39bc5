"""What a process that only looks at a spec need not do."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

_THREADS = "OPENBLAS_NUM_THREADS"


@contextmanager
def lightly() -> Iterator[None]:
    """Look for no garbage meanwhile, and let NumPy, where it is loaded now, start no threads to multiply matrices.

    Nearly all that is made stays, and looking through it takes a third of the time, so that it is left out even where
    the process ends; starting threads takes a tenth.
    """
    was_enabled, threads = gc.isenabled(), os.environ.get(_THREADS)
    gc.disable()
    os.environ.setdefault(_THREADS, "1")
    try:
        yield
    finally:
        if threads is None:
            del os.environ[_THREADS]
        gc.freeze()
        if was_enabled:
            gc.enable()
