"""Processes that compile kernels into the cache beside this one, since Numba compiles one at a time within a process.

They are interpreters of their own that run `compiler_process`, not forks, so it matters neither what this process is
doing nor on which system it runs. Where one cannot be started, or fails, this process compiles by itself.
"""

import json
import os
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from nbcnn.kernels.cpu.compiling.folders import folders
from nbcnn.kernels.cpu.program.calls import Kernel
from nbcnn.machine.cores import usual_threads
from nbcnn.machine.interpreter import python_command, python_path

# A helper takes a second to get ready, in which this process compiles three kernels, and some 200 MB of memory.
KERNELS_EACH = 4
MOST = 7
# How often to say how far helpers are while there is nothing else to do.
REPORT_SECONDS = 0.2


class Helpers:
    """Processes that take kernels from a queue until it is empty; they are started when there is enough for them."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[str]] = []
        self._threads: list[threading.Thread] = []

    def compile(self, waiting: deque[Kernel], finished: Callable[[Kernel], None]) -> None:
        """Begin to take kernels from `waiting`; `finished` is called on other threads with each that is on disk."""
        wanted = min(usual_threads() - 1, MOST, len(waiting) // KERNELS_EACH)
        for _ in range(wanted - len(self._processes)):
            # No more processes, or none at all here: we do without.
            with suppress(OSError, ValueError):
                self._processes.append(_start())
        for process in self._processes if waiting else []:
            thread = threading.Thread(target=_share, args=(process, waiting, finished), daemon=True)
            thread.start()
            self._threads.append(thread)

    def wait(self, report: Callable[[], None]) -> None:
        """Wait for what helpers are at."""
        while self._threads:
            self._threads[-1].join(REPORT_SECONDS)
            if not self._threads[-1].is_alive():
                self._threads.pop()
            report()

    def close(self) -> None:
        """End all processes."""
        for process in self._processes:
            process.kill()
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            process.communicate()
        self._processes, self._threads = [], []


def _start() -> subprocess.Popen[str]:
    if (written := folders().written) is None:
        raise OSError("there is nowhere to put compiled code for another process")
    environment = os.environ | {"NBCNN_CACHE": str(written.parent), "PYTHONPATH": python_path()}
    return subprocess.Popen(
        python_command("nbcnn.kernels.cpu.compiling.compiler_process"),
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # What fails there is compiled here, and then says why.
        stderr=subprocess.DEVNULL,
        text=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _share(process: subprocess.Popen[str], waiting: deque[Kernel], finished: Callable[[Kernel], None]) -> None:
    """Let one process compile kernel after kernel, a line to each and an empty line back."""
    assert process.stdin
    assert process.stdout
    with suppress(OSError, ValueError, IndexError):
        while True:
            kernel = waiting.popleft()
            process.stdin.write(
                json.dumps([kernel.factory.__module__, kernel.factory.__name__, kernel.constants]) + "\n"
            )
            process.stdin.flush()
            if not process.stdout.readline():
                return
            finished(kernel)


_compiling = threading.RLock()
_current: Helpers | None = None


@contextmanager
def helpers() -> Iterator[Helpers]:
    """Helpers that live until the outermost of such blocks ends. Whoever is in one is the only one who compiles."""
    global _current
    with _compiling:
        if _current is not None:
            yield _current
            return
        _current = Helpers()
        try:
            yield _current
        finally:
            _current.close()
            _current = None
