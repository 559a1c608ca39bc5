"""What the benchmarks share: the same cores for all, taking turns, medians with spread, a word on the machine."""

import json
import math
import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any, Self

import click
import numpy as np

SPECS = Path(__file__).parent.parent / "specs"
# A load average above this before anything is measured.
BUSY = 0.5
MATRIX_SIZE = 2048
PACKAGES = (
    "nbcnn",
    "numpy",
    "numba",
    "torch",
    "jax",
    "tensorflow-cpu",
    "tensorflow",
    "keras",
    "onnxruntime",
    "openvino",
)


@dataclass(frozen=True)
class Spread:
    """The median of some measurements, and how far they lie apart."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: list[float]) -> Self:
        return cls(median(values), min(values), max(values))

    def show(self, digits: int = 0) -> str:
        return f"{self.median:,.{digits}f} ({self.least:,.{digits}f} to {self.most:,.{digits}f})"


def use_cores(threads: int | None) -> int:
    """Keep this process and its children on `threads` of its cores, by default all; call it before any framework loads.

    Both sides then have the same cores and as many threads.
    """
    can_pin = hasattr(os, "sched_setaffinity")
    cores = sorted(os.sched_getaffinity(0)) if can_pin else list(range(os.cpu_count() or 1))
    count = threads or len(cores)
    if not 1 <= count <= len(cores):
        raise click.UsageError(f"--threads = {count}: from 1 to {len(cores)} cores are there; choose one of these")
    if can_pin:
        os.sched_setaffinity(0, cores[:count])
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(count)
    return count


def torch_on(threads: int) -> Any:
    """PyTorch, told to use as many threads; ends the program with a message where it is not installed."""
    try:
        import torch
    except ImportError:
        raise click.ClickException(
            "this benchmark measures PyTorch beside nbcnn and it is not installed; pip install torch==2.13.0"
        ) from None
    torch.set_num_threads(threads)
    return torch


def in_turn(contestants: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Let all measure themselves A B A B ..., `rounds` times, so that what else the machine does meets all alike.

    One more round goes before and is not counted: caches, clocks and thread pools are warm then.
    """
    results: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, measure in contestants.items():
            value = measure()
            if number:
                results[name].append(value)
    return results


def ratio(ours: list[float], theirs: list[float]) -> Spread:
    """The ratio in each round: two neighbours in time, with the same weather."""
    return Spread.of([one / other for one, other in zip(ours, theirs, strict=True)])


def matrix_products() -> list[Callable[[], object]]:
    """Products of two square float32 matrices by NumPy and, where it is installed, PyTorch, with the threads they have.

    What the faster one reaches is the most that the hardware gives.
    """
    random = np.random.default_rng(0)
    a, b = (random.standard_normal((MATRIX_SIZE, MATRIX_SIZE), dtype=np.float32) for _ in range(2))
    out = np.empty_like(a)
    products: list[Callable[[], object]] = [lambda: np.matmul(a, b, out=out)]
    try:
        import torch
    except ImportError:
        return products
    tensors = torch.from_numpy(a), torch.from_numpy(b), torch.from_numpy(out)
    return [*products, lambda: torch.mm(tensors[0], tensors[1], out=tensors[2])]


def gflops(product: Callable[[], object], seconds: float) -> float:
    """The best rate of one of `matrix_products` among calls for so long."""
    product()
    best, begin = math.inf, time.perf_counter()
    while (started := time.perf_counter()) - begin < seconds:
        product()
        best = min(best, time.perf_counter() - started)
    return 2e-9 * MATRIX_SIZE**3 / best


def machine(threads: int) -> dict[str, Any]:
    """What a figure means nothing without."""
    from nbcnn.kernels.cpu.language.lanes import lane_count
    from nbcnn.machine.processor import processor_name

    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "processor": processor_name(),
        "threads": threads,
        "lanes": lane_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        **versions,
    }


def show_machine(facts: Mapping[str, Any]) -> None:
    """To standard error, so that --json leaves standard output to the object."""
    click.echo(", ".join(f"{name} {value}" for name, value in facts.items()), err=True)
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > BUSY:
        click.echo(
            f"warning: other processes kept {os.getloadavg()[0]:.1f} cores busy in the last minute, and threads that "
            "wait for each other then lose far more time than they compute; measure again on a quiet machine",
            err=True,
        )


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, default=vars))
