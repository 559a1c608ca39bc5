"""How many cores this process may use, and how many threads therefore compute.

Numba takes one thread for each core that the scheduler would give it. A container often has all of a machine's cores
but only some of their time: with a thread on each it would run for a moment and then stand still until its next share.
"""

import math
import os
import sys
import threading
from functools import lru_cache
from pathlib import Path

from nbcnn.machine.control_groups import ROOT, groups, read

_this_thread = threading.local()


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


@lru_cache(maxsize=1)
def most_threads() -> int:
    """How many threads there can be: one a core that this process may use, a part of a core counted as one.

    NUMBA_NUM_THREADS in the environment is what the user wants, whatever the machine has.
    """
    # This is also asked before anything is compiled, and Numba then is not loaded for it.
    most: int = sys.modules["numba"].config.NUMBA_NUM_THREADS if "numba" in sys.modules else _threads_of_numba()
    return most if "NUMBA_NUM_THREADS" in os.environ else max(1, min(most, math.ceil(min(quota(), most))))


def _threads_of_numba() -> int:
    """What Numba's setting will be: the environment's, or one for each core that the scheduler gives this process."""
    wanted = os.environ.get("NUMBA_NUM_THREADS", "")
    if wanted.isdecimal():
        return max(1, int(wanted))
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def thread_count() -> int:
    """How many threads a parallel region takes now: as many as Numba was told to on this thread, or `most_threads`."""
    import numba

    if not hasattr(_this_thread, "begun"):
        _this_thread.begun = True
        # Numba counts threads for each Python thread by itself, and begins with all.
        if numba.get_num_threads() > most_threads():
            numba.set_num_threads(most_threads())
    count: int = numba.get_num_threads()
    return min(count, most_threads())
