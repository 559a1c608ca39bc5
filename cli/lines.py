"""What a run reports as plain lines, and the words that they share with the live bar."""

import threading
import time
from collections.abc import Sequence

import click

from nbcnn.api import (
    Compiling,
    EpochFinished,
    Evaluating,
    Event,
    Loading,
    Measuring,
    Pretrained,
    Progress,
    Resumed,
    Started,
    Unlocked,
)

from .text import bytes_text, counted, duration, number, percent, shown

SILENCE = 1.5
"""Seconds after which plain lines say that work goes on."""
NAMED = 3
"""Files that are named before the others are only counted."""


class Pace:
    """How far a run is, and from that how long it will still take."""

    def __init__(self, started: Started):
        self.total = started.epochs * started.steps_per_epoch
        self.done = self._first = started.step
        self._steps_per_epoch = started.steps_per_epoch
        self._clock = time.perf_counter()

    def update(self, event: Progress) -> None:
        self.done = (event.epoch - 1) * self._steps_per_epoch + event.step

    @property
    def seconds_left(self) -> float | None:
        """None before the first step of this process."""
        done = self.done - self._first
        if done <= 0:
            return None
        return (time.perf_counter() - self._clock) / done * (self.total - self.done)


class PlainLines:
    """A line for each epoch, and one whenever nothing was said for a while, such as while kernels compile."""

    def __init__(self) -> None:
        self._status = "starting"
        self._since = self._said = time.perf_counter()
        self._pace: Pace | None = None
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._watch = threading.Thread(target=self._break_silence, daemon=True)
        self._watch.start()

    def __call__(self, event: Event) -> None:
        match event:
            case Started():
                self._pace = Pace(event)
                self._say(started_line(event))
                self._set_status(f"epoch {event.epoch + 1}/{event.epochs}")
            case Pretrained():
                self._say(pretrained_line(event))
            case Resumed():
                self._say(resumed_line(event))
            case Unlocked():
                self._say(unlocked_line(event))
            case EpochFinished():
                self._say(epoch_line(event))
            case Progress():
                left = ""
                if self._pace is not None:
                    self._pace.update(event)
                    seconds = self._pace.seconds_left
                    left = f", {duration(seconds)} left" if seconds is not None else ""
                self._set_status(
                    f"epoch {event.epoch}/{event.epochs}, step {number(event.step)} of {number(event.steps)}, "
                    f"{running_text(event)}{left}"
                )
            case _:
                self._set_status(status_text(event))

    def close(self) -> None:
        """Say no more."""
        self._closed.set()
        self._watch.join()

    def _set_status(self, status: str) -> None:
        with self._lock:
            self._status, self._since = status, time.perf_counter()

    def _say(self, line: str) -> None:
        with self._lock:
            click.echo(shown(line), err=True)
            self._said = time.perf_counter()

    def _break_silence(self) -> None:
        while not self._closed.wait(0.25):
            now = time.perf_counter()
            if now - self._said >= SILENCE:
                waiting = now - self._since
                self._say(self._status + (f" ({waiting:.0f} s)" if waiting >= 1 else ""))


def started_line(event: Started) -> str:
    """digits: 1,298 images to train on, 144 to validate, 355 to test, into runs/digits-1."""
    parts = [f"{number(event.training_samples)} to train on"]
    if event.validation_samples:
        parts.append(f"{number(event.validation_samples)} to validate")
    if event.test_samples:
        parts.append(f"{number(event.test_samples)} to test")
    skipped = f"; {_skipped_text(event.skipped)}" if event.skipped else ""
    return f"{event.network}: samples: {', '.join(parts)}; into {event.out}{skipped}"


def _skipped_text(files: Sequence[str]) -> str:
    """2 unreadable files skipped: a.png, b.png."""
    named = ", ".join(files[:NAMED]) + (", ..." if len(files) > NAMED else "")
    return f"{counted(len(files), 'unreadable file')} skipped: {named}"


def resumed_line(event: Resumed) -> str:
    """going on from runs/a/last.previous.h5, after step 26, in epoch 3; runs/a/last.h5: ... it is truncated ..."""
    damage = f"; {event.damage}" if event.damage else ""
    return f"going on from {event.checkpoint}, after step {number(event.step)}, in epoch {event.epoch}{damage}"


def unlocked_line(event: Unlocked) -> str:
    """runs/a: the folder cannot be locked (No locks available); see that no other run writes into it."""
    return f"{event.out}: the folder cannot be locked ({event.reason}); see that no other run writes into it"


def pretrained_line(event: Pretrained) -> str:
    """8 of 10 arrays are from a.h5; first values: fc.weight (its shape is 6x64, the file's 10x64), fc.bias (...)."""
    found = event.transfer
    total = len(found.taken) + len(found.left)
    line = f"{number(len(found.taken))} of {counted(total, 'array')} are from {found.weights}"
    if found.left:
        named = ", ".join(f"{key} ({why})" for key, why in list(found.left.items())[:NAMED])
        line += f"; first values: {named}" + (", ..." if len(found.left) > NAMED else "")
    return line


def epoch_line(event: EpochFinished) -> str:
    """epoch  3/20  loss 0.2103  accuracy 93.61%  validation 94.44%  52,103 images/s *, a star for the best."""
    record = event.record
    width = len(str(event.epochs))
    parts = [
        f"epoch {record.epoch:{width}}/{event.epochs}",
        f"loss {record.loss:.4f}",
    ]
    if record.accuracy is not None:
        parts.append(f"accuracy {percent(record.accuracy)}")
    if record.val_accuracy is not None:
        parts.append(f"validation {percent(record.val_accuracy)}")
    elif record.val_loss is not None:
        parts.append(f"validation loss {record.val_loss:.4f}")
    if record.skipped:
        parts.append(f"{counted(record.skipped, 'step')} skipped")
    return "  ".join([*parts, f"{record.images_per_second:,.0f} images/s"]) + (" *" if event.best else "")


def running_text(event: Progress) -> str:
    """loss 0.2103, accuracy 93.61%, 52,103 images/s."""
    return ", ".join(running_parts(event))


def running_parts(event: Progress) -> tuple[str, ...]:
    """What changes while an epoch runs, the speed last."""
    accuracy = (f"accuracy {percent(event.accuracy)}",) if event.accuracy is not None else ()
    return (f"loss {event.loss:.4f}", *accuracy, f"{event.images_per_second:,.0f} images/s")


def status_text(event: Event) -> str:
    """What is going on besides training."""
    match event:
        case Loading():
            of = f" of {bytes_text(event.total)}" if event.total else ""
            return f"loading {event.what}: {bytes_text(event.done)}{of}"
        case Compiling():
            return f"preparing kernels, compiled once per machine: {event.done} of {event.total}"
        case Evaluating():
            return f"{event.split}: {number(event.done)} of {number(event.total)}"
        case Measuring():
            return f"measuring: {event.done} of {counted(event.total, 'round')}"
        case _:
            return ""


def short_status_text(event: Event) -> str:
    """The same in fewer words, for a narrow terminal."""
    match event:
        case Loading():
            return f"loading: {bytes_text(event.done)}"
        case Compiling():
            return f"preparing: {event.done} of {event.total}"
        case _:
            return status_text(event)
