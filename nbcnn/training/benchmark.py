"""What was measured of a network's steps: where their time goes, beside what the machine could compute in it."""

from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

Mode = Literal["training", "inference"]


@dataclass(frozen=True)
class Peak:
    """The most that the machine computes, in GFLOP/s, and by whose product: "numpy", or "tile" for the engine's."""

    source: str
    one_thread: float
    all_threads: float


@dataclass(frozen=True)
class Row:
    """A part of a step: `seconds` of all threads together, `flops` twice the multiply-adds that the network counts.

    `direction` is "forward" or "backward" for layers and None for the rest, `kernel` the name of a kernel where the row
    is of one alone; operations are counted for layers as wholes, so it has none.
    """

    layer: str
    direction: str | None
    kernel: str | None
    seconds: float
    flops: int


@dataclass(frozen=True)
class Benchmark:
    """What was measured. `step_seconds` has one figure a round, of steps that no clock was read in.

    `rows` and `kernels` are from as many steps with a clock around every call, which took `timed_seconds` each; with
    the row "waiting" they sum up to `threads` times that. `compiled` functions, the step's kernels and what calls them,
    take `compiled_bytes` in the cache on disk.
    """

    name: str
    mode: Mode
    batch_size: int
    threads: int
    steps: int
    step_seconds: tuple[float, ...]
    timed_seconds: float
    flops: int
    peak: Peak
    rows: tuple[Row, ...]
    kernels: tuple[Row, ...]
    compiled: int
    compiled_bytes: int

    @property
    def seconds(self) -> float:
        """The median round's step."""
        return median(self.step_seconds)

    @property
    def images_per_second(self) -> float:
        return self.batch_size / self.seconds

    @property
    def gflops(self) -> float:
        """What the step computes in a second, by all threads."""
        return 1e-9 * self.flops / self.seconds

    @property
    def share_of_peak(self) -> float:
        return self.gflops / self.peak.all_threads

    def share(self, row: Row) -> float:
        """The row's part of all threads' time."""
        return row.seconds / (self.threads * self.timed_seconds)

    def row_gflops(self, row: Row) -> float | None:
        """What one thread computes in a second of the row; None where nothing is counted."""
        return 1e-9 * row.flops / row.seconds if row.flops and row.seconds else None

    def row_share_of_peak(self, row: Row) -> float | None:
        """Of what one thread can compute while all do."""
        gflops = self.row_gflops(row)
        return None if gflops is None else gflops / (self.peak.all_threads / self.threads)

    def as_dict(self) -> dict[str, Any]:
        """The object that `nbcnn bench --format json` prints."""
        return {
            "name": self.name,
            "mode": self.mode,
            "batch_size": self.batch_size,
            "threads": self.threads,
            "rounds": len(self.step_seconds),
            "steps_per_round": self.steps,
            "step_ms": 1e3 * self.seconds,
            "least_ms": 1e3 * min(self.step_seconds),
            "most_ms": 1e3 * max(self.step_seconds),
            "timed_step_ms": 1e3 * self.timed_seconds,
            "images_per_second": self.images_per_second,
            "gflops": self.gflops,
            "share_of_peak": self.share_of_peak,
            "peak": {
                "source": self.peak.source,
                "one_thread_gflops": self.peak.one_thread,
                "all_threads_gflops": self.peak.all_threads,
            },
            "compiled": {"functions": self.compiled, "bytes": self.compiled_bytes},
            "rows": [self._row_dict(row) for row in self.rows],
            "kernels": [self._row_dict(row) | {"kernel": row.kernel} for row in self.kernels],
        }

    def _row_dict(self, row: Row) -> dict[str, Any]:
        return {
            "layer": row.layer,
            "pass": row.direction,
            "thread_ms": 1e3 * row.seconds,
            "share": self.share(row),
            "gflops": self.row_gflops(row),
            "share_of_peak": self.row_share_of_peak(row),
        }
