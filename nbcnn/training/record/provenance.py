"""run.json: what tells a run from others and is needed to repeat it, beside the spec.

Machines and times stand here and not in model.h5, which is the same file wherever the same training is done.
"""

import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numba

from nbcnn.data import COVERS, Splits, checksum
from nbcnn.errors import DataError, DivergenceError, Interrupted, NbcnnError
from nbcnn.kernels.cpu.language.lanes import lane_count
from nbcnn.machine.cores import thread_count
from nbcnn.machine.memory import memory_bytes
from nbcnn.machine.processor import processor_name
from nbcnn.model import Model
from nbcnn.training.callbacks import Callback
from nbcnn.training.epochs import Training
from nbcnn.training.record.first_steps import FirstSteps, Notes
from nbcnn.training.record.folder import RUN, read_object
from nbcnn.training.samples import named_splits
from nbcnn.weights.files import write_atomically
from nbcnn.weights.texts import library_versions


class Provenance:
    """What a run's folder says of the run; each start of it, the first and those that go on, is an entry of its own."""

    def __init__(self, out: Path, model: Model, splits: Splits):
        self._path = out / RUN
        self._notes: Notes | None = Notes.of(model)
        network = model.network
        self._epochs = network.spec.train.epochs
        splits_by_name = named_splits(splits)
        self._checksums = {name: checksum(dataset) for name, dataset in splits_by_name.items()}
        self._facts = {
            "name": network.spec.name,
            "seed": network.spec.train.seed,
            "parameters": network.params,
            "data": {
                "source": network.spec.data.source if network.spec.data else None,
                "samples": {name: len(dataset) for name, dataset in splits_by_name.items()},
                "checksums": self._checksums,
                "checksums_cover": COVERS,
            },
        }
        self._starts: list[dict[str, Any]] = []

    def resume(self) -> None:
        """Go on with what the folder says; raises DataError where the run began with other samples."""
        before = read_object(self._path)
        if before is None:
            self._notes = None  # the model is no longer what it was before the first step
            return
        data, starts = before.get("data"), before.get("starts")
        checksums = data.get("checksums") if isinstance(data, dict) else None
        if not isinstance(checksums, dict) or not isinstance(starts, list):
            raise DataError(f"{self._path}: checksums of data and starts are expected; move the file away")
        for split, now in self._checksums.items():
            then = checksums.get(split, "none")
            if then != now:
                raise DataError(
                    f"{self._path}: the {split} split had the checksum {then!s:.12}, now it has {now:.12}; resume with "
                    "the data that the run began with, or start a new run"
                )
        self._starts = starts
        notes = Notes.from_json(before.get("first_steps"))
        if notes and self._notes:
            # The checkpoint's spec says the same as this one, but may be spelt otherwise than it is from now on.
            notes.spec = self._notes.spec
        self._notes = notes

    def first_steps(self) -> list[Callback]:
        """What notes the first steps, for `verify`; nothing in a run that began without notes."""
        return [] if self._notes is None else [FirstSteps(self._notes, self._epochs, self._write)]

    @contextmanager
    def recorded(self, training: Training, checkpoint: Path | None) -> Iterator[None]:
        """Writes how the training in this block is started, from which checkpoint, and at its end how it ended."""
        start: dict[str, Any] = {
            "command": _command(),
            "started": _now(),
            "ended": None,
            "outcome": None,
            "checkpoint": None if checkpoint is None else checkpoint.name,
            "first_step": training.step,
            "last_step": None,
            "versions": _versions(),
            "machine": _machine(),
        }
        self._starts = [*self._starts, start]
        self._write()
        try:
            yield
        except BaseException as error:
            # What went wrong is to be told, and not that this could not be written either.
            with suppress(NbcnnError):
                self._end(start, training, _how_it_failed(error))
            raise
        self._end(start, training, f"stopped early: {training.stopped_early}" if training.stopped_early else "finished")

    def _end(self, start: dict[str, Any], training: Training, outcome: str) -> None:
        start |= {"ended": _now(), "outcome": outcome, "last_step": training.step}
        self._write()

    def _write(self) -> None:
        notes = {"first_steps": asdict(self._notes)} if self._notes else {}
        text = json.dumps(self._facts | notes | {"starts": self._starts}, indent=2, ensure_ascii=False) + "\n"
        write_atomically(self._path, text.encode("utf-8", "backslashreplace"))


def _how_it_failed(error: BaseException) -> str:
    if isinstance(error, Interrupted | KeyboardInterrupt):
        return "interrupted"
    return "diverged" if isinstance(error, DivergenceError) else "failed"


def circumstances(start: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What may change bits, of a start in run.json or of this process: versions, the processor, and its lanes."""
    start = start or {"versions": _versions(), "machine": _machine()}
    versions, machine = (part if isinstance(part := start.get(name), dict) else {} for name in ("versions", "machine"))
    return {**versions, **{name: machine.get(name) for name in ("processor", "architecture", "lanes")}}


def _versions() -> dict[str, str]:
    return library_versions() | {"numba": numba.__version__}


def _command() -> list[str]:
    """The program's name and arguments, with ~ for the user's folder, whose name is nobody's business."""
    home = os.path.expanduser("~").rstrip(os.sep)
    program, *arguments = sys.argv or [""]
    return [
        Path(program).name,
        *(text.replace(home + os.sep, "~" + os.sep) if home else text for text in arguments),
    ]


def _machine() -> dict[str, Any]:
    return {
        "processor": processor_name(),
        "architecture": platform.machine(),
        "lanes": lane_count(),
        "system": f"{platform.system()} {platform.release()}",
        "cores": os.cpu_count(),
        "threads": thread_count(),
        "memory_bytes": memory_bytes(),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
