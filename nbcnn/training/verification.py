"""Repeating the first steps of a run, and comparing them with what the run has noted, bit for bit."""

import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from nbcnn.data import checksum
from nbcnn.errors import InputError
from nbcnn.spec import load
from nbcnn.training.beginning import Beginning, begin
from nbcnn.training.callbacks import Callback
from nbcnn.training.epochs import Training
from nbcnn.training.events import Compiling, OnEvent
from nbcnn.training.record.first_steps import Moment, Notes, fingerprint, spec_digest
from nbcnn.training.record.folder import RUN, SPEC, file_of, read_object
from nbcnn.training.record.provenance import circumstances
from nbcnn.training.samples import named_splits
from nbcnn.training.signals import StopRequest
from nbcnn.training.threads import threads as using_threads


@dataclass(frozen=True)
class Compared:
    """Something that the run noted, and what it is now: a digest, of a step the loss before it."""

    what: str
    then: str
    now: str

    @property
    def same(self) -> bool:
        """Whether nothing has changed."""
        return self.then == self.now


@dataclass(frozen=True)
class Verification:
    """How the repetition of a run's first steps went, up to the first difference.

    `circumstances` are versions and facts of the machine that are others than when the run was begun, each with what it
    was then and is now.
    """

    run: Path
    steps: int
    compared: tuple[Compared, ...]
    circumstances: Mapping[str, tuple[Any, Any]]

    @property
    def same(self) -> bool:
        """Whether all that was compared is the same."""
        return all(each.same for each in self.compared)

    def as_dict(self) -> dict[str, Any]:
        """The object that `nbcnn verify --format json` prints."""
        return {
            "run": str(self.run),
            "same": self.same,
            "steps": self.steps,
            "compared": [asdict(each) | {"same": each.same} for each in self.compared],
            "circumstances": {name: {"then": then, "now": now} for name, (then, now) in self.circumstances.items()},
        }


def verify(
    run: Path,
    overrides: Mapping[str, Any],
    *,
    steps: int,
    data_dir: Path | None,
    threads: int | None,
    report: OnEvent,
) -> Verification:
    """Repeat the steps of a run up to the last one within `steps` after which it noted something, and compare.

    `overrides` are of the run's spec, for data that have moved. Raises InputError where there is nothing to compare
    with, and for a spec or data that cannot be read.
    """
    facts = read_object(file_of(run, RUN)) or {}
    notes = Notes.from_json(facts.get("first_steps"))
    if notes is None:
        raise InputError(
            f"{run}: a run with notes on its first steps is expected, there are none in its {RUN}; name the folder of "
            "a run that `nbcnn train` made"
        )
    moments = [each for each in notes.steps if each.step <= steps]
    if not moments:
        noted = ", ".join(str(each.step) for each in notes.steps) or "none"
        raise InputError(f"{run}: steps = {steps}: of the steps that are noted ({noted}) one at least is expected")
    compared: list[Compared] = []
    with using_threads(threads):
        for each in _compared(run, overrides, notes, moments, facts, data_dir, report):
            compared.append(each)
            if not each.same:
                break
        return Verification(run, moments[-1].step, tuple(compared), _others(facts))


def _compared(
    run: Path,
    overrides: Mapping[str, Any],
    notes: Notes,
    moments: Sequence[Moment],
    facts: Mapping[str, Any],
    data_dir: Path | None,
    report: OnEvent,
) -> Iterator[Compared]:
    """What is compared, in the order of a run; whoever sees a difference need not ask for the next."""
    spec = load(run / SPEC, overrides)
    yield Compared("spec", notes.spec, spec_digest(read_object(run / SPEC) or {}))
    # Learning rates may depend on the epochs that the first steps were made for; nothing else ends them sooner.
    ends = {"epochs": notes.epochs, "early_stopping": None, "max_time": None}
    repeated = spec.model_copy(update={"train": spec.train.model_copy(update=ends)})
    beginning = begin(repeated, data_dir, run, report)
    data = facts.get("data")
    checksums = data.get("checksums") if isinstance(data, dict) else None
    for name, dataset in named_splits(beginning.splits).items():
        then = checksums.get(name) if isinstance(checksums, dict) else None
        yield Compared(f"{name} data", str(then), checksum(dataset))
    yield Compared("initial weights", notes.initial, fingerprint(beginning.model))
    for then, now in zip_longest(moments, _repetition(beginning, moments, report)):
        yield Compared(f"step {then.step}: loss", str(then.loss), str(now and now.loss))
        yield Compared(f"step {then.step}: weights", then.weights, str(now and now.weights))


def _repetition(beginning: Beginning, moments: Sequence[Moment], report: OnEvent) -> list[Moment]:
    """The moments again, up to the first that is another one."""
    training = Training(
        beginning.model,
        beginning.loader,
        beginning.splits.validation,
        report,
        on_compile=lambda kernel, done, total: report(Compiling(kernel, done, total)),
    )
    stop = StopRequest()
    follower = _Follower(moments, stop)
    training.run((follower,), stop)
    return follower.seen


class _Follower(Callback):
    """Sees the moments of a training that were noted, and ends it after the last, or the first that is different."""

    def __init__(self, noted: Sequence[Moment], stop: StopRequest) -> None:
        self.seen: list[Moment] = []
        self._noted, self._stop = noted, stop

    def on_batch_end(self, training: Training, loss: float) -> None:
        then = self._noted[len(self.seen)]
        if training.step == then.step:
            now = Moment.now(training, loss)
            self.seen.append(now)
            if now != then or len(self.seen) == len(self._noted):
                self._stop.signal_number = signal.SIGTERM


def _others(facts: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What was different where the run began, of all that may change bits."""
    starts = facts.get("starts")
    first = starts[0] if isinstance(starts, list) and starts else None
    then = circumstances(first) if isinstance(first, dict) else {}
    return {name: (then.get(name), now) for name, now in circumstances().items() if then.get(name) != now}
