"""Progress on standard error: a live bar in a terminal, plain lines anywhere else."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from nbcnn.api import Event

from .lines import PlainLines


class Show(Protocol):
    """Whatever takes a run's events."""

    def __call__(self, event: Event) -> None: ...


@contextmanager
def progress() -> Iterator[Show]:
    """Shows events until the block ends."""
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        from .live import Live

        with Live() as live:
            yield live
    else:
        lines = PlainLines()
        try:
            yield lines
        finally:
            lines.close()
