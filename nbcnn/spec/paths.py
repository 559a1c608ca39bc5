"""The paths in a spec, which count from the folder of the file that they stand in."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from nbcnn.reach import end_of
from nbcnn.spec.model import Spec

PATHS = (("data", "source"), ("pretrained", "weights"))
"""Table and key of each."""


def moved(spec: Spec, folder: Path, target: Path) -> Spec:
    """The spec with its paths counting from `target` instead of `folder`, whether there is something at them or not."""
    tables = {table: value.model_dump() for table, _ in PATHS if (value := getattr(spec, table)) is not None}
    changes = {table: {key: moved_path(path, folder, target)} for table, key, path in _paths(tables)}
    return spec.model_copy(update={table: getattr(spec, table).model_copy(update=changes[table]) for table in changes})


def move_existing(document: dict[str, Any], folder: Path, target: Path) -> None:
    """Let paths of files that there are count from `target` instead of `folder`, in a spec's document."""
    for table, key, path in _paths(document):
        with suppress(OSError, ValueError):  # a name too long, a NUL character
            if (folder / path).exists():
                document[table] = document[table] | {key: moved_path(path, folder, target)}


def led(document: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A spec's document with the place that each path leads to, from `folder`, in the place of how it is spelt."""
    places: dict[str, Any] = {**document}
    for table, key, path in _paths(document):
        places[table] = places[table] | {key: str(end_of(folder / os.path.expanduser(path)))}
    return places


def is_overridden(spec: Spec, table: str, key: str) -> bool:
    """Whether a value is not that of the spec's file but was set in its place."""
    return any((table, key)[: len(path)] == path for path in spec.overridden)


def _paths(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Table, key and value of what is a path."""
    from nbcnn.data import NAMES  # here, because it brings NumPy

    for table, key in PATHS:
        values = document.get(table)
        path = values.get(key) if isinstance(values, Mapping) else None
        if isinstance(path, str) and path not in NAMES:
            yield table, key, path


def moved_path(path: str, folder: Path, target: Path) -> str:
    """A path that counts from `folder`, as it counts from `target`; an absolute one as it is."""
    if os.path.isabs(os.path.expanduser(path)):
        return path
    # Where a folder is a link, `..` leads out of the folder that it stands for.
    start, end = folder.resolve() / path, target.resolve()
    try:
        return Path(os.path.relpath(start, end)).as_posix()
    except ValueError:  # another drive
        return start.as_posix()
