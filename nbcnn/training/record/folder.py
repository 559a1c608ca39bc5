"""The run's folder: chosen or made before anything is computed, and never one that another run has written to."""

import errno
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from nbcnn.errors import DataError, InputError, NbcnnError
from nbcnn.training.events import OnEvent, Unlocked
from nbcnn.training.record.lock import locked
from nbcnn.weights.files import read_whole, remove_partials, sync_folder

MODEL = "model.h5"
LAST = "last.h5"
PREVIOUS = "last.previous.h5"
SPEC = "spec.json"
RUN = "run.json"
TEST = "test.json"
PRETRAINED = "pretrained.json"
FILES = (MODEL, LAST, PREVIOUS, SPEC, RUN, TEST, PRETRAINED, "history.csv", "history.jsonl")
RUNS = Path("runs")


@contextmanager
def opened(out: Path | None, name: str, resume: bool, report: OnEvent) -> Iterator[Path]:
    """The folder of a new run, or of the one to resume, which no other run can enter in this block.

    A folder that was made for the run is removed where nothing has come into it. Raises InputError.
    """
    place, made = (folder_to_resume(out, name), []) if resume else new_folder(out, name)
    try:
        _make_lasting(made)
        with locked(place) as refused:
            if refused is not None:
                report(Unlocked(place, refused))
            if not resume:
                _refuse_used(place)  # by a run that has ended since it was chosen
            _refuse_links(place)
            remove_partials(place, FILES)
            yield place
    finally:
        with suppress(OSError):
            for folder in made:
                folder.rmdir()


def new_folder(out: Path | None, name: str) -> tuple[Path, list[Path]]:
    """A folder for a new run: `out`, or runs/<name>-<n> with a number of its own; raises InputError.

    A folder that holds any file that the run would write is refused, whoever wrote it. Also returns the folders that
    were made, each before the one it lies in.
    """
    if out is None:
        return _numbered(name)
    _refuse_used(out)
    return out, _make(out, exist_ok=True)


def _refuse_links(folder: Path) -> None:
    """A folder that somebody else has made could have a run write over any file."""
    for file in FILES:
        if (folder / file).is_symlink():
            raise InputError(f"{folder / file}: a file of the run is expected, this is a link; move it away")


def _refuse_used(folder: Path) -> None:
    held = [file for file in FILES if os.path.lexists(folder / file)]
    if held:
        raise InputError(
            f"{folder}: the folder holds {', '.join(held)} already, and nothing is overwritten; go on with that run by "
            "--resume, or choose another --out"
        )


def folder_to_resume(out: Path | None, name: str) -> Path:
    """The folder with a checkpoint to go on from: `out`, or the newest runs/<name>-<n>; raises InputError."""
    if out is None:
        numbers = _numbers(name)
        if not numbers:
            raise InputError(f"{RUNS}: there is no run {_stem(name)}-<n> to resume; name its folder by --out")
        out = RUNS / f"{_stem(name)}-{max(numbers)}"
    if not any((out / file).exists() for file in (LAST, PREVIOUS)):
        raise InputError(f"{out}: the folder holds no {LAST} to resume; name the run's folder by --out")
    return out


def file_of(run: Path, name: str) -> Path:
    """A file that is in every run's folder; raises InputError for what is none."""
    path = run / name
    if not path.is_file():
        what = f"this holds no {name}" if run.is_dir() else "this is none"
        raise InputError(f"{run}: a run's folder is expected, {what}; name one that `nbcnn train` wrote")
    return path


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


def _numbered(name: str) -> tuple[Path, list[Path]]:
    """Taken by mkdir itself, so that two runs that start at once get a folder each."""
    number = max(_numbers(name), default=0) + 1
    while True:
        folder = RUNS / f"{_stem(name)}-{number}"
        try:
            return folder, _make(folder, exist_ok=False)
        except FileExistsError:
            number += 1


def _numbers(name: str) -> list[int]:
    pattern = re.compile(re.escape(_stem(name)) + r"-([0-9]{1,9})")
    found = (pattern.fullmatch(path.name) for path in RUNS.glob("*"))
    return [int(match[1]) for match in found if match]


def _stem(name: str) -> str:
    """A spec's name as part of a file name: other characters than letters, digits, dot, _ and - become _."""
    return re.sub(r"[^\w.-]", "_", name)[:100].lstrip(".") or "network"


def _make(folder: Path, exist_ok: bool) -> list[Path]:
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=exist_ok)
    except FileExistsError:
        if not exist_ok:
            raise
        raise InputError(f"{folder}: a folder is expected, this is a file; choose another --out") from None
    except OSError as error:
        raise _not_made(folder, error) from None
    return made


def _make_lasting(made: list[Path]) -> None:
    for folder in made:
        try:
            sync_folder(folder.parent)
        except OSError as error:
            raise _not_made(folder, error) from None


def _not_made(folder: Path, error: OSError) -> NbcnnError:
    """Where a disk is full or fails, it is not what the user gave that is to blame."""
    kind = NbcnnError if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO) else InputError
    return kind(f"{folder}: the folder cannot be made ({error.strerror}); choose another --out")
