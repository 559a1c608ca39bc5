"""Runs side by side, from the files in their folders: what they came to, and in what their specs differ."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nbcnn.errors import DataError
from nbcnn.network import build
from nbcnn.spec import Spec, load
from nbcnn.spec.paths import moved
from nbcnn.training.events import EpochRecord
from nbcnn.training.record.folder import RUN, SPEC, TEST, file_of, read_object
from nbcnn.training.record.history import JSONL, record_of, written_lines
from nbcnn.training.standing import best

UNCOMPARED = ("name", "lint")
"""Tables and keys of a spec that do not change what a run comes to."""


@dataclass(frozen=True)
class ComparedRun:
    """A run's figures; `best_epoch` and the training and validation figures, those of that epoch, are None before one.

    Test figures are None where the run has not ended or has no test split; `outcome` says how its last start ended,
    None where it is under way, was killed, or the folder does not say. `seconds` is the time of all epochs.
    """

    run: str
    name: str
    outcome: str | None
    epochs: int
    best_epoch: int | None
    loss: float | None
    accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None
    test_loss: float | None
    test_accuracy: float | None
    params: int
    seconds: float


@dataclass(frozen=True)
class Comparison:
    """Runs in the order given, and settings that they do not share, by dotted keys, with a value for each run.

    A value is None where a run has no such key.
    """

    runs: tuple[ComparedRun, ...]
    differences: dict[str, list[Any]]

    def as_dict(self) -> dict[str, Any]:
        """The object that `nbcnn compare --format json` prints."""
        return {"runs": [asdict(run) for run in self.runs], "differences": self.differences}


def compare(folders: Sequence[Path]) -> Comparison:
    """Read the runs in these folders; raises InputError for a folder that holds none, or files that are damaged."""
    specs = [_spec(folder) for folder in folders]
    runs = tuple(_run(folder, spec) for folder, spec in zip(folders, specs, strict=True))
    settings = [dict(_settings(spec.resolved(), "")) for spec in specs]
    keys = dict.fromkeys(key for each in settings for key in each)
    values = {key: [each.get(key) for each in settings] for key in keys if key.partition(".")[0] not in UNCOMPARED}
    return Comparison(runs, {key: each for key, each in values.items() if any(value != each[0] for value in each)})


def _spec(folder: Path) -> Spec:
    # The same data have the same path then, wherever runs lie.
    return moved(load(file_of(folder, SPEC)), folder, Path())


def _run(folder: Path, spec: Spec) -> ComparedRun:
    records = _records(folder / JSONL)
    chosen = best(records) if records else None
    test = read_object(folder / TEST) or {}
    starts = (read_object(folder / RUN) or {}).get("starts")
    last = starts[-1] if isinstance(starts, list) and starts else {}
    outcome = last.get("outcome") if isinstance(last, Mapping) else None
    return ComparedRun(
        run=str(folder),
        name=spec.name,
        outcome=outcome if isinstance(outcome, str) else None,
        epochs=len(records),
        best_epoch=chosen.epoch if chosen else None,
        loss=chosen.loss if chosen else None,
        accuracy=chosen.accuracy if chosen else None,
        val_loss=chosen.val_loss if chosen else None,
        val_accuracy=chosen.val_accuracy if chosen else None,
        test_loss=_figure(test.get("loss")),
        test_accuracy=_figure(test.get("accuracy")),
        params=build(spec).params,
        seconds=round(sum(record.seconds for record in records), 3),
    )


def _figure(value: Any) -> float | None:
    try:
        return value if type(value) in (int, float) and math.isfinite(value) else None
    except OverflowError:  # an integer that no float holds
        return None


def _records(path: Path) -> list[EpochRecord]:
    records = []
    for number, line in enumerate(written_lines(path.parent) if path.exists() else (), 1):
        try:
            records.append(record_of(json.loads(line)))
        except (AttributeError, TypeError, ValueError, RecursionError):
            raise DataError(f"{path}: line {number} is no row of a history; --resume writes the file anew") from None
    return records


def _settings(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Dotted keys and values; tables in a list go by their names, else by type and number."""
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        names = [each.get("name") or f"{each.get('type')}{number}" for number, each in enumerate(value, 1)]
        value = {name: {"type": None, **each, "name": None} for name, each in zip(names, value, strict=True)}
    if not isinstance(value, dict):
        yield key, value
        return
    for part, inner in value.items():
        if inner is not None:
            yield from _settings(inner, f"{key}.{part}".lstrip("."))
