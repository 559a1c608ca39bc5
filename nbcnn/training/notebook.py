"""What a run reports, in a notebook: one output, which changes in place, so that a long run does not flood the page."""

import sys
import time
from html import escape
from typing import Any

from nbcnn.training.events import (
    Compiling,
    EpochFinished,
    EpochRecord,
    Evaluating,
    Event,
    Loading,
    OnEvent,
    Progress,
    Started,
    ignore,
)

INTERVAL = 0.5
"""Seconds between two changes, but where an epoch ends: every one of them is a message to the browser."""
LAST = 8
"""Epochs that are listed; of more the best stays with the last ones."""


def default_view() -> OnEvent:
    """Who hears of a run where the caller gave nobody: in a notebook a view of it, elsewhere none."""
    display = _display()
    return ignore if display is None else NotebookView(display)


def _display() -> Any:
    """IPython's `display`, where what it is given can be changed later: in a kernel of notebooks."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return ipython.display.display if ipython is not None and hasattr(shell, "kernel") else None


class NotebookView:
    """A status line and a table of epochs; `display` is IPython's, whose handle takes later states."""

    def __init__(self, display: Any) -> None:
        self._status = "starting"
        self._title = ""
        self._records: list[EpochRecord] = []
        self._best: EpochRecord | None = None
        self._shown = time.perf_counter()
        self._handle = display(self, display_id=True)

    def __call__(self, event: Event) -> None:
        urgent = False
        match event:
            case Loading():
                share = f" {100 * event.done // event.total}%" if event.total else ""
                self._status = f"loading {event.what}{share}"
            case Compiling():
                self._status = f"preparing kernels, compiled once per machine: {event.done} of {event.total}"
            case Started():
                self._title = f"{event.network}, into {event.out}"
                self._status, urgent = "training", True
            case Progress():
                accuracy = f", accuracy {event.accuracy:.2%}" if event.accuracy is not None else ""
                self._status = (
                    f"epoch {event.epoch} of {event.epochs}, step {event.step:,} of {event.steps:,}: "
                    f"loss {event.loss:.4f}{accuracy}, {event.images_per_second:,.0f} images/s"
                )
            case Evaluating():
                finished = event.split == "test" and event.done >= event.total
                self._status = "finished" if finished else f"{event.split}: {event.done:,} of {event.total:,} samples"
                urgent = finished
            case EpochFinished():
                self._records.append(event.record)
                self._best = event.record if event.best else self._best
                self._status, urgent = f"{event.record.epoch} of {event.epochs} epochs", True
        if urgent or time.perf_counter() - self._shown >= INTERVAL:
            self._handle.update(self)
            self._shown = time.perf_counter()

    def _listed(self) -> list[EpochRecord]:
        last = self._records[-LAST:]
        return last if self._best is None or self._best in last else [self._best, *last[1:]]

    def _rows(self) -> list[list[str]]:
        """As text, and without columns that would be empty."""
        columns = {
            "epoch": [f"{each.epoch}{' *' if each is self._best else ''}" for each in self._listed()],
            "loss": [_number(each.loss) for each in self._listed()],
            "accuracy": [_share(each.accuracy) for each in self._listed()],
            "validation loss": [_number(each.val_loss) for each in self._listed()],
            "validation accuracy": [_share(each.val_accuracy) for each in self._listed()],
            "images/s": [f"{each.images_per_second:,.0f}" for each in self._listed()],
        }
        return [[name, *cells] for name, cells in columns.items() if any(cells)]

    def __repr__(self) -> str:
        """For a console, and for notebooks that show plain text."""
        head = " | ".join(filter(None, [self._title, self._status]))
        widths = [max(map(len, column)) for column in self._rows()]
        lines = zip(*self._rows(), strict=True)
        return "\n".join(
            [head, *("  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)) for line in lines)]
        )

    def _repr_html_(self) -> str:
        """Without colours of its own, so that it goes with light and dark."""
        head, *lines = zip(*self._rows(), strict=True) if self._records else ((),)
        heads = "".join(f"<th>{escape(text)}</th>" for text in head)
        rows = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in line) + "</tr>" for line in lines)
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
        return f"<div><strong>{escape(self._title)}</strong> {escape(self._status)}</div>{table}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2%}"
