"""Cases that may crash or hang, tried in processes with limits, of which a crashed one is replaced."""

import os
import resource
import select
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn, TypeVar

SECONDS = 20
"""Patience with one case, by the clock."""
MEMORY = 2 << 30
FAULTS = ("another error", "crash", "hang")

Case = TypeVar("Case")


def tried(cases: Sequence[Case], judge: Callable[[int, Case], str], seconds: float = SECONDS) -> Iterator[str]:
    """What `judge(number, case)` says of each case, or which of the FAULTS it ends in."""
    done = 0
    while done < len(cases):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            _judge_all(cases, done, judge, writing)
        os.close(writing)
        with os.fdopen(reading, "rb", buffering=0) as pipe:
            while done < len(cases):
                ready, _, _ = select.select([pipe], [], [], seconds)
                length = pipe.read(1) if ready else b""
                if not length:
                    os.kill(child, signal.SIGKILL)
                    yield "crash" if ready else "hang"
                    done += 1
                    break
                yield pipe.read(length[0]).decode()
                done += 1
        os.waitpid(child, 0)


def _judge_all(cases: Sequence[Case], start: int, judge: Callable[[int, Case], str], writing: int) -> NoReturn:
    """In the child: the length of each verdict and the verdict."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in range(start, len(cases)):
        try:
            found = judge(number, cases[number])
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            found = FAULTS[0]
        os.write(writing, bytes([len(found)]) + found.encode())
    os._exit(0)
