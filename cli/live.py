"""The live progress bar of a terminal."""

import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live as Display
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nbcnn.api import EpochFinished, Event, Pretrained, Progress, Resumed, Started, Unlocked

from .lines import (
    Pace,
    epoch_line,
    pretrained_line,
    resumed_line,
    running_parts,
    short_status_text,
    started_line,
    status_text,
    unlocked_line,
)
from .text import duration, shown

BAR = 12
REFRESHES = 10
"""A second."""


class Live:
    """One line for the whole run, never wider than the terminal; finished epochs scroll away above it."""

    def __init__(self) -> None:
        self.pace: Pace | None = None
        self._status, self._short_status = "starting", "starting"
        self._running: tuple[str, ...] = ()
        self._began = time.perf_counter()
        self._console = Console(stderr=True, highlight=False)
        self._bar = Display(
            get_renderable=self._line, console=self._console, transient=True, refresh_per_second=REFRESHES
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # the terminal may have been closed
            self._bar.stop()

    def __call__(self, event: Event) -> None:
        match event:
            case Started():
                self.pace = Pace(event)
                self._print(started_line(event))
                self._status = self._short_status = f"epoch {event.epoch + 1}/{event.epochs}"
                self._running = ()
            case Progress():
                if self.pace is not None:
                    self.pace.update(event)
                self._status = self._short_status = f"epoch {event.epoch}/{event.epochs}"
                self._running = running_parts(event)
            case Pretrained():
                self._print(pretrained_line(event))
            case Resumed():
                self._print(resumed_line(event))
            case Unlocked():
                self._print(unlocked_line(event))
            case EpochFinished():
                self._print(epoch_line(event))
            case _:
                self._status, self._short_status, self._running = status_text(event), short_status_text(event), ()

    def _print(self, line: str) -> None:
        self._console.print(Text(shown(line)))

    def _line(self) -> RenderableType:
        """What there is room for: the status and the time always, then loss, accuracy, the bar, and speed."""
        width = self._console.width
        seconds = self.pace.seconds_left if self.pace is not None else None
        clock = f"{duration(seconds)} left" if seconds is not None else duration(time.perf_counter() - self._began)
        status = self._status
        if len(status) + 1 + len(clock) > width:
            status = self._short_status[: max(width - len(clock) - 1, 0)]
        room = width - len(status) - len(clock) - 1
        # The bar is more than how fast it goes, and less than how well.
        *first, last = self._running or ("",)
        shown: list[str] = []
        has_bar = False
        for part, length in [*((part, len(part)) for part in first), (None, BAR), (last, len(last))]:
            needed = length + 1 if part is None or not shown else length + 2
            if not length or needed > room:
                continue
            room -= needed
            if part is None:
                has_bar = True
            else:
                shown.append(part)
        line = Table.grid(padding=(0, 1, 0, 0))
        total = self.pace.total if self.pace is not None else None
        bar = ProgressBar(total=total, completed=self.pace.done if self.pace is not None else 0, width=BAR)
        cells: list[RenderableType] = [Text(status, no_wrap=True)]
        cells += [bar] if has_bar else []
        cells += [Text(", ".join(shown), no_wrap=True)] if shown else []
        line.add_row(*cells, Text(clock[:width], no_wrap=True))
        return line
