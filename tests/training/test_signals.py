import os
import signal
import threading

import pytest

from nbcnn.machine.signals import STOPPING
from nbcnn.training.signals import stop_requests


@pytest.mark.parametrize("number", STOPPING)
def test_remembers_the_first_signal(number: int) -> None:
    before = signal.getsignal(number)
    with stop_requests() as stop:
        assert stop.signal_number is None
        os.kill(os.getpid(), number)
        assert stop.signal_number == number
    assert signal.getsignal(number) is before


def test_a_second_signal_acts_at_once() -> None:
    with stop_requests(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("number", STOPPING)
def test_what_is_ignored_stays_so(number: int) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with stop_requests() as stop:
            os.kill(os.getpid(), number)
            assert stop.signal_number is None
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_does_nothing_outside_the_main_thread() -> None:
    seen: list[int | None] = []

    def run() -> None:
        with stop_requests() as stop:
            seen.append(stop.signal_number)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [None]
