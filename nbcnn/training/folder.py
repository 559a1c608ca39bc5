"""The run's folder: chosen or made before anything is computed, and never one that another run has written to."""

import json
import re
from pathlib import Path
from typing import Any

from nbcnn.errors import DataError, InputError
from nbcnn.weights.files import read_whole

MODEL = "model.h5"
LAST = "last.h5"
SPEC = "spec.json"
RUN = "run.json"
TEST = "test.json"
PRETRAINED = "pretrained.json"
FILES = (MODEL, LAST, SPEC, RUN, TEST, PRETRAINED, "history.csv", "history.jsonl")
RUNS = Path("runs")


def new_folder(out: Path | None, name: str) -> Path:
    """A folder for a new run: `out`, or runs/<name>-<n> with a number of its own; raises InputError.

    A folder that holds any file that the run would write is refused, whoever wrote it.
    """
    if out is None:
        return _numbered(name)
    held = [file for file in FILES if (out / file).exists()]
    if held:
        raise InputError(
            f"{out}: the folder holds {', '.join(held)} already, and nothing is overwritten; go on with that run by "
            "--resume, or choose another --out"
        )
    _make(out, exist_ok=True)
    return out


def folder_to_resume(out: Path | None, name: str) -> Path:
    """The folder with last.h5 to go on from: `out`, or the newest runs/<name>-<n>; raises InputError."""
    if out is None:
        numbers = _numbers(name)
        if not numbers:
            raise InputError(f"{RUNS}: there is no run {_stem(name)}-<n> to resume; name its folder by --out")
        out = RUNS / f"{_stem(name)}-{max(numbers)}"
    if not (out / LAST).exists():
        raise InputError(f"{out}: the folder holds no {LAST} to resume; name the run's folder by --out")
    return out


def read_object(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file of a run, None where there is no such file; raises DataError for anything else."""
    if not path.exists():
        return None
    try:
        values = json.loads(read_whole(path))
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise DataError(f"{path}: what nbcnn wrote about the run is expected, this is none; move it away")
    return values


def _numbered(name: str) -> Path:
    """Taken by mkdir itself, so that two runs that start at once get a folder each."""
    number = max(_numbers(name), default=0) + 1
    while True:
        folder = RUNS / f"{_stem(name)}-{number}"
        try:
            _make(folder, exist_ok=False)
        except FileExistsError:
            number += 1
        else:
            return folder


def _numbers(name: str) -> list[int]:
    pattern = re.compile(re.escape(_stem(name)) + r"-([0-9]{1,9})")
    found = (pattern.fullmatch(path.name) for path in RUNS.glob("*"))
    return [int(match[1]) for match in found if match]


def _stem(name: str) -> str:
    """A spec's name as part of a file name: other characters than letters, digits, dot, _ and - become _."""
    return re.sub(r"[^\w.-]", "_", name)[:100].lstrip(".") or "network"


def _make(folder: Path, exist_ok: bool) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=exist_ok)
    except FileExistsError:
        if not exist_ok:
            raise
        raise InputError(f"{folder}: a folder is expected, this is a file; choose another --out") from None
    except OSError as error:
        raise InputError(f"{folder}: the folder cannot be made ({error.strerror}); choose another --out") from None
