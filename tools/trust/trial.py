"""One command, tried: its exit code, what it prints, and what it costs.

`forked` runs `nbcnn` in a fork of this process, which has imported it: time is that of the work alone, memory that of a
whole process. `cold` starts the installed command as a user does. Both count what the system says of the child.
"""

import argparse
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MOST_SECONDS = 1.0
MOST_BYTES = 300 * 10**6
MOST_LINES = 120
"""Of a text: ten diagnostics with their lines, notes and helps. Other formats hold a hundred."""
MOST_CHARACTERS = {True: 20_000, False: 10**6}
"""Of a text, and of another format."""
PATIENCE = 20
"""Seconds after which a child is ended."""
NEVER = ("Traceback (most recent call last)", "this is a bug in nbcnn")


@dataclass(frozen=True)
class Outcome:
    """How a command ended; `seconds` by the clock, `work` of the processor, `peak` bytes of memory."""

    code: int
    text: str
    seconds: float
    work: float
    peak: int

    def faults(self, is_text: bool) -> list[str]:
        """Why this is no clear and cheap refusal."""
        found = [f"says {each!r}" for each in NEVER if each in self.text]
        if self.code != 2:
            found.append(f"exit code {self.code}")
        if self.work >= MOST_SECONDS:
            found.append(f"{self.work:.2f} s of work")
        if self.peak >= MOST_BYTES:
            found.append(f"{self.peak / 1e6:.0f} MB")
        if len(self.text) > MOST_CHARACTERS[is_text] or (is_text and self.text.count("\n") > MOST_LINES):
            found.append(f"{len(self.text)} characters in {self.text.count(chr(10))} lines")
        if not self.text.strip():
            found.append("no message")
        if wild := {each for each in self.text if each != "\n" and not each.isprintable()}:
            found.append(f"prints {''.join(sorted(wild))[:20]!r}")
        return found


def forked(arguments: Sequence[str], folder: Path) -> Outcome:
    """`nbcnn` with these arguments in this folder, in a child that shares what has been imported."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            _become(arguments, folder, output.fileno())
        waiting = select.poll()
        descriptor = os.pidfd_open(child)
        waiting.register(descriptor, select.POLLIN)
        if not waiting.poll(PATIENCE * 1000):
            os.kill(child, signal.SIGKILL)
        os.close(descriptor)
        _, status, usage = os.wait4(child, 0)
        return _outcome(os.waitstatus_to_exitcode(status), output, began, usage)


def _become(arguments: Sequence[str], folder: Path, output: int) -> None:
    """Run the command in the place of this process; never returns."""
    from nbcnn_cli.main import main

    code = 1
    try:
        os.chdir(folder)
        for stream in (1, 2):
            os.dup2(output, stream)
        main(list(arguments))
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        for file in (sys.stdout, sys.stderr):
            file.flush()
        os._exit(code)


def cold(arguments: Sequence[str], folder: Path) -> Outcome:
    """`nbcnn` as a process of its own, Python's start included."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        command = [sys.executable, "-m", "nbcnn_cli", *arguments]
        child = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        return _outcome(child.returncode, output, began, usage)


def _outcome(code: int, output: Any, began: float, usage: Any) -> Outcome:
    seconds = time.perf_counter() - began
    output.seek(0)
    text = output.read().decode("utf-8", "replace")
    return Outcome(code, text, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


@dataclass
class Tally:
    """What became of all cases, by family."""

    cases: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    peak: int = 0

    def add(self, family: str, words: str, outcome: Outcome, is_text: bool = True) -> None:
        """Count a case, and say at once what is wrong with it."""
        self.cases[family] += 1
        self.seconds.append(outcome.seconds)
        self.work.append(outcome.work)
        self.peak = max(self.peak, outcome.peak)
        if faults := outcome.faults(is_text):
            self.failed[family] += 1
            print(f"{family}: {words}: {', '.join(faults)}: {outcome.text[:300]!r}", flush=True)

    def summary(self, what: str) -> str:
        """One line."""
        return (
            f"{sum(self.cases.values())} {what} of {len(self.cases)} families: {sum(self.failed.values())} failed; "
            f"work at most {max(self.work):.2f} s, by the clock {max(self.seconds):.2f} s, memory at most "
            f"{self.peak / 1e6:.0f} MB"
        )


def campaign(
    description: str | None,
    what: str,
    families: Collection[str],
    prepare: Callable[[str, random.Random, Path], tuple[list[str], str]],
) -> int:
    """Cases of the families in turn, as the command line says; gives the exit code, 1 where one was not refused.

    `prepare` fills a folder with a case of a family, and gives the arguments of `nbcnn` and the format that it prints.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="cases, families in turn")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cold", type=int, default=0, help="cases that run once more as processes of their own")
    parser.add_argument("--family", choices=families, help="this one alone")
    options = parser.parse_args()
    names = [options.family] if options.family else [*families]
    warm, started = Tally(), Tally()
    for number in range(options.count):
        name = names[number % len(names)]
        draw = random.Random(f"{options.seed} {name} {number}")
        with tempfile.TemporaryDirectory() as room:
            folder = Path(room) / "given"
            folder.mkdir()
            arguments, output_format = prepare(name, draw, folder)
            words, is_text = f"case {number}, {output_format}", output_format == "text"
            warm.add(name, words, forked(arguments, folder), is_text)
            if (folder / "owned").exists():
                warm.failed[name] += 1
                print(f"{name}: {words}: ran what the file says")
            if number * options.cold // options.count != (number + 1) * options.cold // options.count:
                started.add(name, f"{words}, cold", cold(arguments, folder), is_text)
    print(warm.summary(what))
    if started.cases:
        print(started.summary("of them as processes of their own"))
    return 1 if warm.failed or started.failed else 0
