"""Work that may crash, or never end, done by a process of its own with limits."""

import os
import signal
import subprocess

from nbcnn.machine.interpreter import python_command, python_path

MOST_SECONDS = 10
"""Of the processor; by the clock six times as many, since the machine may be busy."""
MOST_BYTES = 4 << 30


class ConfinedError(Exception):
    """How such a process ended, in words; not as it should."""


def confined(module: str, *arguments: str) -> str:
    """What `python -m module` prints, run in a process that may neither write a file nor go beyond the limits.

    The module calls `confine` before anything else. Raises ConfinedError, and OSError where no process can be started.
    """
    try:
        ended = subprocess.run(
            python_command(module, *arguments),
            env=os.environ | {"PYTHONPATH": python_path(), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=6 * MOST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise ConfinedError(f"it takes more than {6 * MOST_SECONDS} seconds") from None
    if ended.returncode:
        raise ConfinedError(_words(ended.returncode, ended.stderr.decode("utf-8", "replace")))
    return ended.stdout.decode("utf-8", "replace")


def _words(code: int, errors: str) -> str:
    if code == -getattr(signal, "SIGXCPU", 0):
        return f"it takes more than {MOST_SECONDS} seconds"
    if "MemoryError" in errors:
        return f"it takes more than {MOST_BYTES >> 30} GiB of memory"
    if code < 0:
        return f"it crashes with {signal.Signals(-code).name}"
    return (errors.strip().splitlines() or [f"it ends with exit code {code}"])[-1][:200]


def confine() -> None:
    """Set the limits in this process; where the system has none, only the clock limits it."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for limit, most in (
        (resource.RLIMIT_CPU, MOST_SECONDS),
        (resource.RLIMIT_AS, MOST_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(limit)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (most, hard))
