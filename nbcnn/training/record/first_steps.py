"""What a run notes of its first steps in run.json, so that they can be repeated and compared bit for bit."""

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nbcnn.model import Model
from nbcnn.training.callbacks import Callback
from nbcnn.training.epochs import Training
from nbcnn.training.record.checkpoints import without_ends

STEPS = (1, 2, 5, 10, 20, 50, 100)
"""The steps after which weights are noted."""

WRITTEN_AFTER = 10
"""The step after which the notes are on disk; the others get there when the run ends."""


@dataclass(frozen=True)
class Moment:
    """After a step: the mean loss of its last batch before it, None where that is not finite, and all weights."""

    step: int
    loss: float | None
    weights: str

    @classmethod
    def now(cls, training: Training, loss: float) -> "Moment":
        """The moment after the step that was just taken."""
        return cls(training.step, loss if math.isfinite(loss) else None, fingerprint(training.model))


@dataclass
class Notes:
    """Fingerprints of spec, first weights and later ones; learning rates may depend on how many `epochs` there are."""

    spec: str
    epochs: int
    initial: str
    steps: list[Moment]

    @classmethod
    def of(cls, model: Model) -> "Notes":
        """The notes on a run before its first step."""
        spec = model.network.spec
        return cls(spec_digest(spec.resolved()), spec.train.epochs, fingerprint(model), [])

    @classmethod
    def from_json(cls, value: Any) -> "Notes | None":
        """The notes in run.json, None for anything else."""
        try:
            notes = cls(**value | {"steps": [Moment(**each) for each in value["steps"]]})
        except (KeyError, TypeError):
            return None
        digests = [notes.spec, notes.initial, *(each.weights for each in notes.steps)]
        steps = [each.step for each in notes.steps]
        counts = [notes.epochs, *steps]
        fits = all(isinstance(each, str) for each in digests) and all(type(each) is int for each in counts)
        return notes if fits and min(counts) > 0 and steps == sorted(set(steps)) else None


class FirstSteps(Callback):
    """Adds to the notes on a run while it takes its first steps; `write` is called once for them to be kept."""

    def __init__(self, notes: Notes, epochs: int, write: Callable[[], None]) -> None:
        # A run that is resumed for more epochs is another one.
        self._notes, self._write, self._goes_on = notes, write, notes.epochs == epochs
        self._next = math.inf

    def on_train_begin(self, training: Training) -> None:
        if self._goes_on:
            self._next = _first_after(training.step)

    def on_batch_end(self, training: Training, loss: float) -> None:
        if training.step == self._next:
            self._next = _first_after(training.step)
            before = [each for each in self._notes.steps if each.step < training.step]
            self._notes.steps = [*before, Moment.now(training, loss)]
            if training.step == WRITTEN_AFTER:
                self._write()


def _first_after(step: int) -> float:
    return next((each for each in STEPS if each > step), math.inf)


def fingerprint(model: Model) -> str:
    """The SHA-256 of all weights and running statistics with their names and shapes."""
    digest = hashlib.sha256()
    for name, values in sorted({**model.parameters, **model.buffers}.items()):
        digest.update(f"{name}{values.shape}".encode())
        digest.update(values.data)
    return digest.hexdigest()


def spec_digest(spec: Mapping[str, Any]) -> str:
    """The SHA-256 of a resolved spec, but for what only says when training ends."""
    return hashlib.sha256(json.dumps(without_ends(spec), sort_keys=True).encode()).hexdigest()
