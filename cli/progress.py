"""Progress on standard error: a live bar in a terminal, plain lines anywhere else."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Protocol

from nbcnn.api import Event

from .lines import PlainLines


class Show(Protocol):
    """Whatever takes a run's events."""

    def __call__(self, event: Event) -> None: ...


@contextmanager
def progress() -> Iterator[Show]:
    """Shows events until the block ends; work goes on where nobody can see it, as when a terminal has been closed."""
    with ExitStack() as views:
        view: Show
        if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            from .live import Live

            view = views.enter_context(Live())
        else:
            view = lines = PlainLines()
            views.callback(lines.close)

        def show(event: Event) -> None:
            with suppress(OSError):
                view(event)

        yield show
