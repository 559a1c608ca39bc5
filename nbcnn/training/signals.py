"""SIGINT, SIGTERM and SIGHUP as flags, so that a step in progress ends and the run is saved."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from nbcnn.machine.signals import STOPPING


class StopRequest:
    """Remembers the signal that asked the run to stop; None while nothing has."""

    def __init__(self) -> None:
        self.signal_number: int | None = None


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Turn the first of these signals into a flag; a second one acts as if this block were not there.

    One that is ignored, as nohup and shells do for their background jobs, stays so. Outside the main thread, where
    Python accepts no signal handlers, the flag is never set.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def remember(signal_number: int, frame: FrameType | None) -> None:
        request.signal_number = signal_number
        restore()

    previous: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}

    def restore() -> None:
        for number, handler in previous.items():
            # None stands for a handler that was not installed from Python and cannot be put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            previous[number] = signal.signal(number, remember)
    try:
        yield request
    finally:
        restore()
