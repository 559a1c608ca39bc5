"""The process of one contestant: it gets ready, then measures one turn whenever it is told to, and sleeps in between.

usage: worker.py SETTINGS, a JSON object that turns.py writes. Answers are JSON objects, one a line, on standard output;
what frameworks print there goes to standard error.
"""

import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from peers import CONTESTANTS
from workload import Workload, load_weights, slices

# Updates whose losses are compared.
CHECKED_STEPS = 3
# Steps of a process that is measured as a whole: first step, then what raises its peak of memory.
SHORT_RUN = 4
# A turn starts with calls that do not count, for this long: caches and threads wake up.
WAKING_SECONDS = 0.15


def memory() -> dict[str, int]:
    """Bytes in memory now and at the peak, of this program alone (getrusage would count what started it)."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {name: 1024 * int(fields[key].split()[0]) for name, key in (("now", "VmRSS"), ("peak", "VmHWM"))}


def count_for(seconds: float, call: Callable[[], Any]) -> int:
    """How many calls take so many seconds, at least one."""
    started = time.perf_counter()
    calls = 0
    while True:
        call()
        calls += 1
        passed = time.perf_counter() - started
        if passed >= min(seconds, 0.2) or calls >= 1000:
            return max(1, round(seconds * calls / passed))


class Work:
    """A workload in one framework; `losses` are those of the check."""

    def __init__(self, settings: dict[str, Any], module: Any) -> None:
        self.folder = Path(settings["folder"])
        self.workload = Workload.read(self.folder)
        self.threads = settings["threads"]
        self.seconds = settings["seconds"]
        self.options = CONTESTANTS[settings["contestant"]].options
        self.module = module
        self.calls = 0

    def training(self, batches: int | None) -> Iterator[Any]:
        training = self.module.Training(self.workload, self.threads, **self.options)
        training.load(load_weights(self.folder))
        images, labels = self.workload.data(self.workload.batch_size, batches)
        ready = [training.batch(images[each], labels[each]) for each in slices(images, self.workload.batch_size)]
        self.step = training.step
        return cycle(ready)

    def inference(self, batch_size: int) -> Iterator[Any]:
        inference = self.module.Inference(self.workload, batch_size, self.threads, **self.options)
        inference.load(load_weights(self.folder))
        images, self.labels = self.workload.data(batch_size)
        ready = [inference.batch(images[each]) for each in slices(images, batch_size)]
        self.step, self.logits = inference.predict, inference.logits
        return cycle(ready)


class TrainingTurns(Work):
    """Images per second; the loss is waited for at the end of a turn alone."""

    def prepare(self) -> dict[str, Any]:
        self.batches = self.training(None)
        return {"losses": [float(self.step(next(self.batches))) for _ in range(CHECKED_STEPS)]}

    def _run(self, steps: int) -> float:
        loss = 0.0
        started = time.perf_counter()
        for _ in range(steps):
            loss = self.step(next(self.batches))
        if not math.isfinite(float(loss)):
            raise ArithmeticError(f"the loss has become {float(loss)}")
        return time.perf_counter() - started

    def turn(self) -> float:
        if not self.calls:
            self.calls = count_for(self.seconds, lambda: self._run(1))
        self._run(round(self.calls * WAKING_SECONDS / self.seconds))
        return self.calls * self.workload.batch_size / self._run(self.calls)


class InferenceTurns(Work):
    """Images per second; each result is waited for."""

    batch_size = 256

    def prepare(self) -> dict[str, Any]:
        self.batches = self.inference(self.batch_size)
        logits = self.logits(self.step(next(self.batches))).astype(np.float64)
        shifted = logits - logits.max(axis=1, keepdims=True)
        likely = shifted[np.arange(len(logits)), self.labels[: len(logits)]]
        return {"losses": [float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - likely))], "logits": logits.tolist()}

    def turn(self) -> float:
        if not self.calls:
            self.calls = count_for(self.seconds, lambda: self.step(next(self.batches)))
        for _ in range(round(self.calls * WAKING_SECONDS / self.seconds)):
            self.step(next(self.batches))
        return self.rate()

    def rate(self) -> float:
        started = time.perf_counter()
        for _ in range(self.calls):
            self.step(next(self.batches))
        return self.calls * self.batch_size / (time.perf_counter() - started)


class LatencyTurns(InferenceTurns):
    """One over the median seconds of a call with one image."""

    batch_size = 1

    def rate(self) -> float:
        seconds = []
        for _ in range(self.calls):
            batch = next(self.batches)
            started = time.perf_counter()
            self.step(batch)
            seconds.append(time.perf_counter() - started)
        return 1 / median(seconds)


class MatrixProducts:
    """GFLOP/s of the machine's best product of float32 matrices, NumPy's or PyTorch's."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.seconds = settings["seconds"]

    def prepare(self) -> dict[str, Any]:
        from measuring import matrix_products

        self.products = matrix_products()
        return {}

    def turn(self) -> float:
        from measuring import gflops

        return max(gflops(product, self.seconds / len(self.products)) for product in self.products)


def short_run(settings: dict[str, Any], answer: Callable[[dict[str, Any]], None]) -> None:
    """The first step, at which the parent stops its clock, and the peak of memory after a few more."""
    module = import_module(f"peers.{CONTESTANTS[settings['contestant']].module}")
    imported = memory()["now"]
    work = Work(settings, module)
    batches = work.training(SHORT_RUN)
    float(work.step(next(batches)))
    answer({"first_step": True})
    for _ in range(SHORT_RUN):
        loss = work.step(next(batches))
    float(loss)
    answer({"imported": imported, "peak": memory()["peak"]})


TURNS: dict[str, Any] = {"training": TrainingTurns, "inference": InferenceTurns, "latency": LatencyTurns}


def take_turns(settings: dict[str, Any], answer: Callable[[dict[str, Any]], None]) -> None:
    if settings["contestant"] == "sgemm":
        work: Any = MatrixProducts(settings)
    else:
        module = import_module(f"peers.{CONTESTANTS[settings['contestant']].module}")
        work = TURNS[settings["measure"]](settings, module)
    answer(work.prepare())
    for _ in sys.stdin:
        answer({"rate": work.turn()})


def main() -> None:
    settings = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def answer(value: dict[str, Any]) -> None:
        answers.write(json.dumps(value) + "\n")

    try:
        (short_run if settings["measure"] == "start" else take_turns)(settings, answer)
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        answer({"error": f"{type(error).__name__}: {lines[0][:200]}"})
        raise


if __name__ == "__main__":
    main()
