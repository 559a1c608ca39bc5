"""How many cores this process may use, and how many threads therefore compute.

Numba takes one thread for each core that the scheduler would give it. A container often has all of a machine's cores
but only some of their time: with a thread on each it would run for a moment and then stand still until its next share.

What a caller asks for goes before NBCNN_NUM_THREADS, that before NUMBA_NUM_THREADS, and that before what the machine
leaves to this process.
"""

import math
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from nbcnn.errors import InputError, NbcnnError
from nbcnn.machine.control_groups import ROOT, groups, read
from nbcnn.machine.threading_layer import load_threads

OURS, NUMBAS = "NBCNN_NUM_THREADS", "NUMBA_NUM_THREADS"
# More are a slip of the finger, on which Numba ends the process.
MOST = 1024


class _OfThread(threading.local):
    """Of a Python thread: whether Numba knows the usual number there, and how many threads are asked for, or 0."""

    has_begun = False
    asked = 0


_this_thread = _OfThread()


def quota(root: Path = ROOT) -> float:
    """How many cores' worth of time control groups leave to this process, infinity without a limit.

    They are Linux's, of version 2 (cpu.max) or 1 (cpu.cfs_quota_us, cpu.cfs_period_us); `root` is where / is.
    """
    least = math.inf
    for group in groups("cpu", root):
        for text in (
            read(group / "cpu.max"),
            read(group / "cpu.cfs_quota_us") + read(group / "cpu.cfs_period_us"),
        ):
            words = text.split()
            if len(words) == 2 and all(word.isdigit() for word in words) and int(words[1]) > 0:
                least = min(least, int(words[0]) / int(words[1]))
    return least


def affinity() -> int:
    """How many cores the scheduler gives this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def wanted(variable: str) -> int | None:
    """How many threads the environment wants by this variable, None where it is not set; raises InputError."""
    text = os.environ.get(variable, "").strip()
    if not text:
        return None
    if not (text.isdecimal() and len(text) < 9 and 1 <= int(text) <= MOST):
        raise InputError(
            f"{variable}={text[:40]}: a whole number from 1 to {MOST} is expected; unset it to have a thread for each "
            "core"
        )
    return int(text)


@lru_cache(maxsize=1)
def most_threads() -> int:
    """How many threads there can be: one a core that this process may use, a part of a core counted as one.

    NUMBA_NUM_THREADS in the environment is what the user wants, whatever the machine has. Raises InputError.
    """
    by_environment = wanted(NUMBAS)
    # This is also asked before anything is compiled, and Numba then is not loaded for it.
    of_numba: int | None = sys.modules["numba"].config.NUMBA_NUM_THREADS if "numba" in sys.modules else by_environment
    if by_environment is not None:
        return of_numba or by_environment
    cores = affinity()
    return max(1, math.ceil(min(of_numba or cores, cores, quota())))


def usual_threads() -> int:
    """How many threads compute where nobody asks for so many: NBCNN_NUM_THREADS, or as many as there can be.

    Where somebody asks, a variable that makes no sense is as if not set; else raises InputError.
    """
    try:
        most = wanted(OURS) or MOST
    except InputError:
        if not _this_thread.asked:
            raise
        most = MOST
    return min(most, most_threads())


@contextmanager
def asked_for(count: int | None) -> Iterator[None]:
    """Have it known in the block, on this Python thread, that so many threads are asked for; None changes nothing."""
    before = _this_thread.asked
    _this_thread.asked = count or before
    try:
        yield
    finally:
        _this_thread.asked = before


def workers() -> int:
    """How many threads a plan that is made now has room for: the usual number, or more where more were asked for.

    The machine is looked at anew, since a process can be given other cores.
    """
    most_threads.cache_clear()
    asked = thread_count() if _this_thread.has_begun else min(_this_thread.asked, most_threads())
    return max(usual_threads(), asked)


def thread_count() -> int:
    """How many threads a parallel region takes now: as many as Numba was told to on this thread, or the usual number.

    Raises InputError for an environment that makes no sense, and NbcnnError where Numba cannot start its threads.
    """
    import numba

    if not _this_thread.has_begun:
        usual = usual_threads()
        load_threads()
        try:
            # Numba counts threads for each Python thread by itself, and begins with all.
            if numba.get_num_threads() > usual:
                numba.set_num_threads(usual)
        except ValueError as error:
            layer = os.environ.get("NUMBA_THREADING_LAYER", "default")
            raise NbcnnError(
                f"NUMBA_THREADING_LAYER={layer}: {str(error).splitlines()[0].rstrip('.')}; unset it to have what "
                "there is"
            ) from None
        _this_thread.has_begun = True
    count: int = numba.get_num_threads()
    return min(count, most_threads())
