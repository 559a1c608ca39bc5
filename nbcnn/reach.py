"""Where a path may lead that somebody else wrote: into folders that the user has named, and nowhere else.

Specs, weights files and folders of data are often somebody else's, and name other files: the base of a spec, its data,
the target of a link. The user has named what stands on the command line, the folder that he works in, and the folder of
his data. What a path in a file leads to, links followed, must lie in one of these.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from nbcnn.machine.caches import user_cache

DATA = "NBCNN_DATA"
"""The environment's variable that names the folder of the user's data."""


def data_folder() -> Path | None:
    """The folder of the user's data: the environment's NBCNN_DATA, else one in his cache; None where he has no home."""
    if directory := os.environ.get(DATA):
        return Path(directory)
    cache = user_cache()
    return cache / "data" if cache else None


def named_folders(*given: Path | None) -> tuple[Path, ...]:
    """The folders that the user has named: those given, that of his data, and the one that he works in.

    To work in the root of the file system, as services do, names nothing.
    """
    found = [folder for folder in (*given, data_folder()) if folder is not None]
    try:
        here = Path.cwd()
    except OSError:  # it has been removed
        return tuple(found)
    return (*found, here) if here != Path(here.anchor) else tuple(found)


def end_of(path: Path) -> Path:
    """What a path leads to, links followed; the path itself where it is none, or leads in a circle."""
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):
        return path


def is_within(path: Path, folders: Iterable[Path]) -> bool:
    """Whether what is at a path, links followed, lies in one of the folders; not so for what is no path at all."""
    return leads_into(path, [end_of(folder) for folder in folders])


def leads_into(path: Path, ends: Iterable[Path]) -> bool:
    """The same for folders whose own links have been followed, for those who ask of many paths."""
    try:
        end = path.resolve()
        return any(end.is_relative_to(each) for each in ends)
    except (OSError, ValueError, RuntimeError):  # a name too long, a NUL character, links in a circle
        return False
