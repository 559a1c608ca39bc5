"""What a run keeps on disk: last.h5 and the one before it, to go on from, and model.h5, the best weights so far.

last.h5 by itself is all that a run needs. It holds the best weights, too, so that model.h5 can be written anew from it.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nbcnn.errors import DivergenceError, SpecError, WeightsError
from nbcnn.model import Model
from nbcnn.spec import parse
from nbcnn.spec.paths import led
from nbcnn.training.divergence import NotFinite, refuse_not_finite
from nbcnn.training.events import EpochRecord, Resumed
from nbcnn.training.record.folder import LAST, MODEL, PREVIOUS
from nbcnn.training.standing import Standing, best
from nbcnn.training.trainer import Trainer
from nbcnn.weights import Snapshot, check_fits, store

SHORTEST_INTERVAL = 2.0
"""Seconds between two saves at least: epochs may take milliseconds, and a save waits for the disk."""

SHARE_OF_TIME = 0.05
"""The largest part of a run's time that saving after epochs may take."""

BEST = "best/"
"""Begins the names of the best weights among the optimiser's arrays in last.h5; there are none where the best weights
are those of that moment."""

_ENDS = ("epochs", "early_stopping", "max_time", "non_finite", "max_skips")
"""Settings of `[train]` that only say when training ends."""


class Checkpoints:
    """Saves a model under training into the run's folder, model.h5 before last.h5.

    A crash between the two leaves a model.h5 that is ahead; a run that goes on first puts it back.
    """

    def __init__(self, folder: Path, model: Model, trainer: Trainer):
        self.last = folder / LAST
        self._previous = folder / PREVIOUS
        self._best_path = folder / MODEL
        self._model = model
        self._trainer = trainer
        self._best: Snapshot | None = None
        self._best_is_saved = True
        self._last_is_sound = False
        self._saved = ""
        self._due = 0.0

    @property
    def _measured(self) -> Model:
        return self._trainer.averaged or self._model

    def keep_best(self, record: EpochRecord) -> None:
        """Remember the weights of this moment, or their averages, as the best, to be written with the next save."""
        self._remember_best(record, self._measured.snapshot())

    def _remember_best(self, record: EpochRecord, weights: Snapshot) -> None:
        # No times and dates: the same training writes the same file.
        measured = {
            name: value
            for name in ("loss", "accuracy", "val_loss", "val_accuracy")
            if (value := getattr(record, name)) is not None
        }
        provenance = {"epoch": record.epoch, "training_samples": record.samples, **measured}
        self._best = replace(weights, provenance=provenance)
        self._best_is_saved = False

    def save_when_due(self, standing: Standing) -> None:
        """Save after an epoch, unless that was done a moment ago."""
        if time.perf_counter() >= self._due:
            self.save(standing)

    def save(self, standing: Standing) -> None:
        """Write both files; raises NbcnnError where they cannot be written, DivergenceError for weights gone wrong."""
        started = time.perf_counter()
        try:
            refuse_not_finite(self._model, standing.step)
        except NotFinite as error:
            raise self.diverged(error, standing) from None
        self.save_best()
        arrays = self._trainer.state()
        if self._best is not None and (_has_gone_on(standing) or not _has_weights(self._measured, self._best)):
            best_arrays = self._best.parameters | self._best.buffers
            arrays |= {BEST + name: values for name, values in best_arrays.items()}
        snapshot = replace(self._model.snapshot(), optimizer=arrays, trainer=standing.as_dict())
        # A damaged file must not take the place of the sound one before it.
        store.save(self.last, snapshot, self._previous if self._last_is_sound else None)
        self._last_is_sound = True
        self._saved = f"after step {standing.step}"
        ended = time.perf_counter()
        self._due = ended + max(SHORTEST_INTERVAL, (ended - started) / SHARE_OF_TIME)

    def save_best(self) -> None:
        """Write model.h5, if the best weights are not there yet."""
        if self._best is not None and not self._best_is_saved:
            store.save(self._best_path, self._best)
            self._best_is_saved = True

    def load_best(self) -> None:
        """Give the model the best weights, of which there are some after an epoch."""
        assert self._best is not None
        _fill(self._model, self._best)

    def resume(self) -> tuple[Standing, Resumed]:
        """Give model and trainer the state in the newest sound checkpoint, and tell which that is.

        Raises WeightsError where there is none, and SpecError for another spec.
        """
        damage: str | None = None
        for path in (self.last, self._previous):
            try:
                standing = self._resume_from(path)
            except WeightsError as error:
                if damage is not None:
                    raise WeightsError(f"{damage}; the one before it: {error}") from None
                if not self._previous.exists():
                    raise
                damage = str(error)
            else:
                break
        self._last_is_sound = damage is None
        self._saved = f"after step {standing.step}"
        return standing, Resumed(path, standing.epoch, standing.step, damage)

    def _resume_from(self, path: Path) -> Standing:
        place = str(path)
        with store.opened(path) as held:
            # A setting that nbcnn did not have then has its default.
            specs = self._model.network.spec.resolved(), parse(held.spec, place).resolved()
            now, then = (led(spec, path.parent) for spec in specs)
            _refuse_other_spec(now, then, place)
            snapshot = held.read(self._model.network)
        standing = Standing.from_dict(snapshot.trainer, place)
        if snapshot.optimizer is None:
            raise WeightsError(f"{place}: the optimiser's state is expected, received none; use a {LAST}")
        state = {name: values for name, values in snapshot.optimizer.items() if not name.startswith(BEST)}
        best_arrays = {
            name.removeprefix(BEST): values.copy() for name, values in snapshot.optimizer.items() if name not in state
        }
        if best_arrays:
            weights = replace(
                self._model.snapshot(),
                parameters={name: values for name, values in best_arrays.items() if name in snapshot.parameters},
                buffers={name: values for name, values in best_arrays.items() if name not in snapshot.parameters},
            )
            check_fits(weights, self._model.network, f"{place}: best weights")
        elif standing.records and _has_gone_on(standing):
            raise WeightsError(f"{place}: the best weights are expected, received none; use a {LAST} of this nbcnn")
        self._trainer.load_state(state, standing.step, standing.skipped_in_all, standing.skipped_in_a_row)
        _fill(self._model, snapshot)
        if standing.records:
            self._remember_best(best(standing.records), weights if best_arrays else self._measured.snapshot())
        return standing

    def diverged(self, error: NotFinite, standing: Standing) -> DivergenceError:
        """The error that says where the run diverged and what is left of it; the best weights are saved first."""
        self.save_best()
        lower = f"start anew with a learning rate below {self._model.network.spec.train.optimizer.lr:g}"
        return DivergenceError(
            f"{self.last.parent}: training diverged in epoch {standing.epoch}, step {error.step}: {error.what}; "
            f"the last good checkpoint is {self.last}, {self._saved}; {error.cure or lower}"
        )


def _has_gone_on(standing: Standing) -> bool:
    """Whether training has gone on since the best epoch, of which there is one; the weights may still be the same."""
    return standing.samples > 0 or best(standing.records) is not standing.records[-1]


def _has_weights(model: Model, snapshot: Snapshot) -> bool:
    """Whether these are the model's at this moment, as they are after an epoch that was the best."""
    pairs = ((model.parameters, snapshot.parameters), (model.buffers, snapshot.buffers))
    return all(np.array_equal(own[name], values) for own, given in pairs for name, values in given.items())


def _fill(model: Model, snapshot: Snapshot) -> None:
    for own, given in ((model.parameters, snapshot.parameters), (model.buffers, snapshot.buffers)):
        for name, values in given.items():
            own[name][...] = values


def _refuse_other_spec(now: dict[str, Any], then: dict[str, Any], place: str) -> None:
    """A run may end sooner or later than it was to; all else must be as it was, or its numbers would mean nothing."""
    difference = _first_difference(without_ends(now), without_ends(then), "")
    if difference is not None:
        key, new, old = difference
        raise SpecError(
            f"{place}: the run to resume has {key} = {old!s:.200}, the spec {new!s:.200}; resume with the spec.json of "
            "the run's folder, or start a new run"
        )


def without_ends(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Without what a run does not depend on until it ends, and what tells the linter alone."""
    train = {key: value for key, value in spec.get("train", {}).items() if key not in _ENDS}
    data = {key: value for key, value in (spec.get("data") or {}).items() if key != "loader_threads"}
    return {**spec, "train": train, "data": data, "lint": None}


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
