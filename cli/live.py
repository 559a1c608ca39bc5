"""The live progress bar of a terminal."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Task, TextColumn
from rich.progress import Progress as Bar
from rich.text import Text

from nbcnn.api import EpochFinished, Event, Pretrained, Progress, Started

from .lines import Pace, epoch_line, pretrained_line, running_text, started_line, status_text
from .text import duration


class _TimeLeft(TextColumn):
    """Refreshed with the bar, not only with the events."""

    def __init__(self, live: "Live"):
        super().__init__("")
        self._live = live

    def render(self, task: Task) -> Text:
        seconds = self._live.pace.seconds_left if self._live.pace is not None else None
        return Text(f"{duration(seconds)} left" if seconds is not None else duration(task.elapsed or 0))


class Live:
    """One bar over the whole run; finished epochs scroll away above it."""

    def __init__(self) -> None:
        self.pace: Pace | None = None
        self._bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=12),
            TextColumn("{task.fields[running]}", markup=False),
            _TimeLeft(self),
            console=Console(stderr=True, highlight=False),
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=None, running="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, event: Event) -> None:
        match event:
            case Started():
                self.pace = Pace(event)
                self._print(started_line(event))
                self._bar.update(
                    self._task,
                    description=f"epoch {event.epoch + 1}/{event.epochs}",
                    total=self.pace.total,
                    completed=event.step,
                    running="",
                )
            case Progress():
                if self.pace is not None:
                    self.pace.update(event)
                    self._bar.update(self._task, completed=self.pace.done)
                self._bar.update(
                    self._task, description=f"epoch {event.epoch}/{event.epochs}", running=running_text(event)
                )
            case Pretrained():
                self._print(pretrained_line(event))
            case EpochFinished():
                self._print(epoch_line(event))
            case _:
                self._bar.update(self._task, description=status_text(event), running="")

    def _print(self, line: str) -> None:
        self._bar.console.print(Text(line))
