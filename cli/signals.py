"""Signals: what ends a verb in order, and at once where it is asked for again."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from nbcnn.machine.signals import STOPPING

from .language import say

GRACE = 1.0
"""Seconds that a second signal leaves for an end in order."""

SHOW_CURSOR = "\x1b[?25h"


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP, which like SIGINT pass through code that answers every Exception, as that of damaged files."""

    def __init__(self, signal_number: int) -> None:
        super().__init__()
        self.signal_number = signal_number


def end_in_order() -> None:
    """Have SIGTERM and SIGHUP end any verb as Python has SIGINT do; one that is ignored, as by nohup, stays so."""
    for number in STOPPING:
        if number != signal.SIGINT and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _terminate)


def _terminate(signal_number: int, frame: FrameType | None) -> None:
    raise Terminated(signal_number)


@contextmanager
def a_second_one_ends() -> Iterator[None]:
    """In this block a second signal ends the process within `GRACE` seconds, also while a kernel runs or is compiled.

    Python calls handlers between two of its own instructions, but it writes a signal's number into a pipe at once.
    """
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        yield
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    ended = threading.Event()
    # Now, since the language is this thread's.
    text = say("stopped at once; what was saved before is whole")
    watch = threading.Thread(target=_watch, args=(reading, ended, text), daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        signal.set_wakeup_fd(before)
        os.close(writing)
        watch.join()
        os.close(reading)


def _watch(reading: int, ended: threading.Event, text: str) -> None:
    if _next(reading) and (second := _next(reading)) and not ended.wait(GRACE):
        with suppress(OSError):
            os.write(2, f"{SHOW_CURSOR if sys.stderr.isatty() else ''}nbcnn: {text}\n".encode())
        os._exit(128 + second)


def _next(reading: int) -> int:
    """The next of the signals that end a verb; 0 when the pipe is closed."""
    while (number := os.read(reading, 1)) and number[0] not in STOPPING:
        pass
    return number[0] if number else 0
