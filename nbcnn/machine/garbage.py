"""Python's search for garbage, put off where nearly all that is made stays."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collecting_later() -> Iterator[None]:
    """Look for no garbage meanwhile: to look through many thousand new objects again and again takes longer than to
    make them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
