"""Steps of a network on random numbers, timed as wholes and call by call."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn import network as networks
from nbcnn import spec as specs
from nbcnn.data import ClassNumbers, Wanted
from nbcnn.errors import InputError
from nbcnn.kernels.cpu.compiling.cache import bytes_on_disk
from nbcnn.kernels.cpu.language.lanes import lane_count
from nbcnn.kernels.cpu.program.calls import Section
from nbcnn.machine.cores import thread_count
from nbcnn.model import Model
from nbcnn.network import Network
from nbcnn.plan.plan import Plan
from nbcnn.plan.timing import Timer
from nbcnn.plan.walker import WALKER
from nbcnn.spec import Spec
from nbcnn.training.benchmark import Benchmark, Mode, Peak, Row
from nbcnn.training.events import Compiling, Measuring, OnEvent, ignore
from nbcnn.training.losses import wanted_targets
from nbcnn.training.peak import product_gflops
from nbcnn.training.threads import threads as using_threads
from nbcnn.training.trainer import Trainer, arguments_of

# A round takes as many steps as fill this, so that reading the clock is nothing beside it.
ROUND_SECONDS = 0.1

# What is prepared before a step, most of all weights packed for the tiles: a row of its own.
_PACKING = Section("packing")
_INPUT = Section("input")

# A product of numbers that stay in the caches, of a size that the tiles fit.
_PRODUCT = {
    "input": {"shape": [64, 8, 8]},
    "layers": [{"type": "conv", "out_channels": 96, "kernel_size": 1, "bias": False}],
}


def benchmark(
    spec: Spec,
    *,
    mode: Mode = "training",
    batch_size: int | None = None,
    threads: int | None = None,
    rounds: int = 10,
    on_event: OnEvent | None = None,
) -> Benchmark:
    """Time steps of the spec's network on random numbers, by default of its batch size, after a warm-up.

    Raises InputError for a spec, a batch or a number of threads that does not do.
    """
    report = on_event or ignore
    for name, value in (("batch_size", batch_size), ("rounds", rounds)):
        if value is not None and value < 1:
            raise InputError(f"{name} = {value}: at least 1 is expected; give a larger number")
    network = networks.build(spec)
    samples = batch_size or spec.train.batch_size
    with using_threads(threads):
        subject = _subject(network, mode, samples, report)
        report(Measuring(0, rounds))
        peak = _peak()
        measured = _measure(subject, rounds, report)
    return Benchmark(
        name=network.name,
        mode=mode,
        batch_size=samples,
        threads=measured.threads,
        steps=measured.steps,
        step_seconds=tuple(measured.plain),
        timed_seconds=measured.timed,
        flops=sum(row.flops for row in measured.rows(by_kernel=False)),
        peak=peak,
        rows=(*_in_order(measured.rows(by_kernel=False), network), measured.waiting()),
        kernels=tuple(_in_order(measured.rows(by_kernel=True), network)),
        compiled=len(subject.compiled),
        compiled_bytes=bytes_on_disk(subject.compiled),
    )


@dataclass(frozen=True)
class _Subject:
    """What is measured: a step of so many samples, and the plan that it runs."""

    samples: int
    plan: Plan
    step: Callable[[], Any]

    @property
    def compiled(self) -> set[str]:
        """All that is compiled for it, by its name in the cache."""
        return {call.kernel.identity for call in self.plan.program.calls()} | {WALKER}


@dataclass(frozen=True)
class _Measured:
    """Seconds of a step by round, with and without timing its calls, and of each call, all threads together."""

    subject: _Subject
    threads: int
    steps: int
    plain: list[float]
    timed: float
    by_call: NDArray[np.float64]

    def rows(self, by_kernel: bool) -> list[Row]:
        """One row for each section that has calls, or for each kernel of each."""
        program = self.subject.plan.program
        prepared = {call for calls, _ in program.prepare.groups for call in calls}
        sums: dict[tuple[Section, str | None], float] = {}
        for call, seconds in zip(self.subject.plan.calls, self.by_call, strict=True):
            section = _PACKING if call in prepared else call.section
            part = (section, call.kernel.label if by_kernel else None)
            sums[part] = sums.get(part, 0.0) + float(seconds)
        return [
            Row(
                section.name,
                section.direction,
                kernel,
                seconds,
                0 if kernel else 2 * section.macs * self.subject.samples,
            )
            for (section, kernel), seconds in sums.items()
        ]

    def waiting(self) -> Row:
        """What is left of all threads' time: threads that wait for others, and Python between two steps."""
        return Row("waiting", None, None, self.threads * self.timed - float(self.by_call.sum()), 0)


def _measure(subject: _Subject, rounds: int, report: OnEvent) -> _Measured:
    """Rounds of steps with and without timing in turn, after a warm-up, so that what else goes on meets both alike."""

    def one_round(steps: int) -> float:
        begin = time.perf_counter()
        for _ in range(steps):
            subject.step()
        return (time.perf_counter() - begin) / steps

    timer = Timer(subject.plan)
    one_round(1)
    steps = max(1, round(ROUND_SECONDS / one_round(1)))
    one_round(steps)
    plain, timed = [], []
    for number in range(rounds):
        plain.append(one_round(steps))
        with timer.running():
            timed.append(one_round(steps))
        report(Measuring(number + 1, rounds))
    return _Measured(subject, thread_count(), steps, plain, sum(timed) / rounds, timer.seconds / (rounds * steps))


def _subject(network: Network, mode: Mode, samples: int, report: OnEvent) -> _Subject:
    """A first step's worth of weights, inputs and targets."""
    random = np.random.default_rng(0)

    def on_compile(kernel: str, done: int, total: int) -> None:
        report(Compiling(kernel, done, total))

    model = Model(network)
    inputs = random.standard_normal((samples, *network.input_shape), dtype=np.float32)
    if mode == "inference":
        return _Subject(samples, model.planned(False, model.chunk, on_compile), lambda: model(inputs))
    network.refuse_batch(samples, "batch_size")
    settings = network.spec.train
    settings = settings.model_copy(update={"loss": settings.loss.without_data()})
    trainer = Trainer(
        model,
        batch_size=samples,
        on_compile=on_compile,
        **arguments_of(settings),
    )
    # What is timed is not to diverge.
    trainer.learning_rate = 0.0
    targets = _targets(random, wanted_targets(settings.loss, network.output_shape), samples)
    indices = np.arange(samples, dtype=np.int64)
    return _Subject(samples, trainer.planned(samples), lambda: trainer.step_batch(inputs, targets, indices))


def _targets(random: np.random.Generator, wanted: Wanted, samples: int) -> NDArray[Any]:
    shape = (samples, *wanted.shape)
    if isinstance(wanted, ClassNumbers):
        return random.integers(wanted.classes, size=shape)
    return random.random(shape, dtype=np.float32)


def _in_order(rows: Iterable[Row], network: Network) -> list[Row]:
    """Packing and input, the layers as the network has them, each there and back, and the rest."""
    places = {node.name: number for number, node in enumerate(network.layers)}
    first = {_PACKING.name: -2, _INPUT.name: -1}

    def place(row: Row) -> int:
        return places[row.layer] if row.direction else first.get(row.layer, len(places))

    return sorted(rows, key=place)


def _peak() -> Peak:
    """The better of NumPy's matrix product and the engine's own."""
    threads = thread_count()
    by_numpy, by_tile = [
        [product(count) for count in sorted({1, threads})] for product in (product_gflops, _tile_gflops)
    ]
    if by_tile[-1] > by_numpy[-1]:
        return Peak("tile", by_tile[0], by_tile[-1])
    return Peak("numpy", by_numpy[0], by_numpy[-1])


def _tile_gflops(threads: int) -> float:
    """GFLOP/s of the engine's tile on so many threads, without what surrounds it."""
    network = networks.build(specs.parse(_PRODUCT))
    with using_threads(threads):
        subject = _subject(network, "inference", 4 * threads * lane_count(), ignore)
        rows = _measure(subject, 2, ignore).rows(by_kernel=False)
    return sum(1e-9 * threads * row.flops / row.seconds for row in rows if row.flops)
