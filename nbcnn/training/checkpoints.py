"""What a run keeps on disk: model.h5, the best weights so far, and last.h5, to go on from."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbcnn.errors import DivergenceError, SpecError, WeightsError
from nbcnn.model import Model
from nbcnn.training.events import EpochRecord
from nbcnn.training.folder import LAST, MODEL
from nbcnn.training.loop import NotFinite, refuse_not_finite
from nbcnn.training.standing import Standing
from nbcnn.training.trainer import Trainer
from nbcnn.weights import Snapshot, store

SHORTEST_INTERVAL = 2.0
"""Seconds between two saves at least: epochs may take milliseconds, and a save waits for the disk."""

SHARE_OF_TIME = 0.05
"""The largest part of a run's time that saving after epochs may take."""

_ENDS = ("epochs", "early_stopping", "max_time")
"""Settings of `[train]` that only say when training ends."""


class Checkpoints:
    """Saves a model under training into the run's folder, model.h5 before last.h5.

    A crash between the two leaves a model.h5 that is ahead; the resumed run then comes to the same one again.
    """

    def __init__(self, folder: Path, model: Model, trainer: Trainer):
        self.last = folder / LAST
        self._best_path = folder / MODEL
        self._model = model
        self._trainer = trainer
        self._best: Snapshot | None = None
        self._best_is_saved = True
        self._saved = ""
        self._due = 0.0

    def keep_best(self, record: EpochRecord) -> None:
        """Remember the weights of this moment, or their averages, as the best, to be written with the next save."""
        # No times and dates: the same training writes the same file.
        measured = {
            name: value
            for name in ("loss", "accuracy", "val_loss", "val_accuracy")
            if (value := getattr(record, name)) is not None
        }
        provenance = {"epoch": record.epoch, "training_samples": record.samples, **measured}
        measured_model = self._trainer.averaged or self._model
        self._best = replace(measured_model.snapshot(), provenance=provenance)
        self._best_is_saved = False

    def save_when_due(self, standing: Standing) -> None:
        """Save after an epoch, unless that was done a moment ago."""
        if time.perf_counter() >= self._due:
            self.save(standing)

    def save(self, standing: Standing) -> None:
        """Write both files; raises NbcnnError where they cannot be written, DivergenceError for weights gone wrong."""
        started = time.perf_counter()
        try:
            refuse_not_finite(self._model)
        except NotFinite as error:
            raise self.diverged(str(error), standing) from None
        self.save_best()
        snapshot = replace(self._model.snapshot(), optimizer=self._trainer.state(), trainer=standing.as_dict())
        store.save(self.last, snapshot)
        self._saved = f"after step {standing.step}"
        ended = time.perf_counter()
        self._due = ended + max(SHORTEST_INTERVAL, (ended - started) / SHARE_OF_TIME)

    def save_best(self) -> None:
        """Write model.h5, if the best weights are not there yet."""
        if self._best is not None and not self._best_is_saved:
            store.save(self._best_path, self._best)
            self._best_is_saved = True

    def load_best(self) -> None:
        """Give the model the best weights, from memory or from model.h5; raises WeightsError."""
        if self._best is None:
            self._best = store.load(self._best_path, self._model.network)
        _fill(self._model, self._best)

    def resume(self) -> Standing:
        """Give model and trainer the state in last.h5; raises WeightsError, and SpecError for another spec."""
        place = str(self.last)
        with store.opened(self.last) as held:
            _refuse_other_spec(self._model.network.spec.resolved(), held.spec, place)
            snapshot = held.read(self._model.network)
        standing = Standing.from_dict(snapshot.trainer, place)
        if snapshot.optimizer is None:
            raise WeightsError(f"{place}: the optimiser's state is expected, received none; use a {LAST}")
        _fill(self._model, snapshot)
        self._trainer.load_state(snapshot.optimizer, standing.step)
        self._saved = f"after step {standing.step}"
        return standing

    def diverged(self, what: str, standing: Standing) -> DivergenceError:
        """The error that says where the run diverged and what is left of it; the best weights are saved first."""
        self.save_best()
        return DivergenceError(
            f"{self.last.parent}: training diverged in epoch {standing.epoch}, step {standing.step}: {what}; "
            f"the last good checkpoint is {self.last}, {self._saved}; start anew with a learning rate below "
            f"{self._model.network.spec.train.optimizer.lr:g}"
        )


def _fill(model: Model, snapshot: Snapshot) -> None:
    for own, given in ((model.parameters, snapshot.parameters), (model.buffers, snapshot.buffers)):
        for name, values in given.items():
            own[name][...] = values


def _refuse_other_spec(now: dict[str, Any], then: dict[str, Any], place: str) -> None:
    """A run may end sooner or later than it was to; all else must be as it was, or its numbers would mean nothing."""
    difference = _first_difference(_without_ends(now), _without_ends(then), "")
    if difference is not None:
        key, new, old = difference
        raise SpecError(
            f"{place}: the run to resume has {key} = {old!s:.200}, the spec {new!s:.200}; resume with the spec.json of "
            "the run's folder, or start a new run"
        )


def _without_ends(spec: dict[str, Any]) -> dict[str, Any]:
    """Without what a run does not depend on until it ends, and what tells the linter alone."""
    train = {key: value for key, value in spec.get("train", {}).items() if key not in _ENDS}
    data = {key: value for key, value in (spec.get("data") or {}).items() if key != "loader_threads"}
    return spec | {"train": train, "data": data, "lint": None}


def _first_difference(now: Any, then: Any, key: str) -> tuple[str, Any, Any] | None:
    if isinstance(now, list) and isinstance(then, list) and len(now) == len(then):
        now, then = dict(enumerate(now)), dict(enumerate(then))
    if isinstance(now, dict) and isinstance(then, dict):
        for part in [*then, *(part for part in now if part not in then)]:
            inner = f"{key}.{part}".lstrip(".")
            found = _first_difference(now.get(part, "nothing"), then.get(part, "nothing"), inner)
            if found is not None:
                return found
        return None
    return None if now == then else (key, now, then)
