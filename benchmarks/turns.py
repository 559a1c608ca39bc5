"""The parent's side: contestants in processes of their own, which measure in turn while the others sleep."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Threads that wait for work spin for a while before they sleep.
PAUSE = 0.25
# Compiling a large network takes minutes.
TIMEOUT = 900.0
# A peer slower than the fastest one by this factor in the first round sits out the others.
FAR_BEHIND = 3.0


class ContestantError(Exception):
    """This contestant cannot be measured on this workload."""


class Worker:
    """A contestant's process, started at once; `measure` is what it is asked for."""

    def __init__(
        self,
        contestant: str,
        measure: str,
        folder: Path,
        threads: int,
        seconds: float = 1.0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        settings = {
            "contestant": contestant,
            "measure": measure,
            "folder": str(folder),
            "threads": threads,
            "seconds": seconds,
        }
        self._log = folder / f"{contestant}.log"
        self._started = time.perf_counter()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("worker.py")), json.dumps(settings)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                bufsize=1,
                env={**os.environ, **(environment or {})},
            )

    def answer(self) -> dict[str, Any]:
        """The next line; raises ContestantError where there is none, or where it tells of an error."""
        output = self._process.stdout
        assert output is not None
        if not select.select([output], [], [], TIMEOUT)[0]:
            raise ContestantError(f"no answer within {TIMEOUT:.0f} s")
        line = output.readline()
        if not line:
            raise ContestantError(f"ended with code {self._process.wait()}{self._last_words()}")
        value: dict[str, Any] = json.loads(line)
        if "error" in value:
            raise ContestantError(value["error"])
        return value

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return f": {lines[-1][:200]}" if lines else ""

    def seconds_since_start(self) -> float:
        return time.perf_counter() - self._started

    def turn(self) -> float:
        """One measurement: a rate, more is better."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        rate: float = self.answer()["rate"]
        time.sleep(PAUSE)
        return rate

    def close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        self._process.kill()
        self._process.wait()


def in_rounds(workers: Mapping[str, Worker], rounds: int, always: tuple[str, ...]) -> dict[str, list[float] | str]:
    """Rates of each in each round, A B C A B C, after a round that does not count; for a contestant that failed, why.

    Peers far behind in that first round get another turn, and if they still are, its figure is their only one; those in
    `always` take part in all rounds.
    """
    results: dict[str, list[float] | str] = {}
    first: dict[str, float] = {}
    for name, worker in workers.items():
        try:
            first[name] = worker.turn()
        except ContestantError as error:
            results[name] = str(error)
    fastest = max((rate for name, rate in first.items() if name not in always), default=0.0)
    rates: dict[str, list[float]] = {}
    for name, rate in first.items():
        if name not in always and rate * FAR_BEHIND < fastest:
            try:
                # Once more, since a first turn may meet what is only done once.
                rate = workers[name].turn()
            except ContestantError as error:
                results[name] = str(error)
                continue
        if name in always or rate * FAR_BEHIND >= fastest:
            rates[name] = []
        else:
            results[name] = [rate]
    for _ in range(rounds):
        for name in list(rates):
            try:
                rates[name].append(workers[name].turn())
            except ContestantError as error:
                results[name] = str(error)
                del rates[name]
    return results | rates
