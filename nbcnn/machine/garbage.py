"""Python's search for garbage, put off where nearly all that is made stays."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# By how many.
_put_off = 0


@contextmanager
def collecting_later() -> Iterator[None]:
    """Look for no garbage meanwhile: to look through many thousand new objects again and again takes longer than to
    make them."""
    global _put_off
    was_enabled = gc.isenabled()
    gc.disable()
    _put_off += was_enabled
    try:
        yield
    finally:
        _put_off -= was_enabled
        if was_enabled:
            gc.enable()


def is_collected() -> bool:
    """Whether garbage is looked for, if later: not in a process that is about to end."""
    return gc.isenabled() or _put_off > 0
