"""Where compiled code lies on disk: in a folder named after the version and a hash of all kernel sources.

What is loaded from there is executed, so a folder counts only if it belongs to us or to root and nobody else can write
into it. One that we cannot write into either, such as that of a container's image, is read, and the next one written.
"""

import atexit
import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import nbcnn
from nbcnn.errors import NbcnnWarning
from nbcnn.machine.caches import user_cache

_PREFIX = "kernels-"
_DAY = 24 * 60 * 60
# Kernels of former versions go when those of a new one come and nobody has used them for so long.
UNUSED_DAYS = 30


@dataclass(frozen=True)
class Folders:
    """`read` are looked into in turn; `written` is the last of them, or None where there is no room anywhere.

    `refused` says of others why they are not among them.
    """

    read: tuple[Path, ...]
    written: Path | None
    refused: tuple[str, ...]


@lru_cache(maxsize=1)
def sources_digest() -> str:
    """A hash of every file that shapes compiled code: all kernels and the walker."""
    package = Path(nbcnn.__file__).parent
    digest = hashlib.sha256()
    for path in sorted([*package.glob("kernels/cpu/**/*.py"), *package.glob("plan/*.py")]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def is_trusted(status: os.stat_result) -> bool:
    """Whether it is ours or root's, and nobody else can write to it."""
    return not hasattr(os, "getuid") or (status.st_uid in (0, os.getuid()) and not status.st_mode & 0o022)


@lru_cache(maxsize=1)
def folders() -> Folders:
    """The folders of this process; those that are missing are made. Warns where nothing can be kept where it should."""
    read: list[Path] = []
    refused: list[str] = []
    for base in _bases():
        try:
            folder, is_writable = _opened(base)
        except OSError as error:
            refused.append(f"{base}: {error.strerror or error}")
            if base == _wanted():
                _warn(f"NBCNN_CACHE={refused[0]}; compiled code is kept elsewhere, name a folder that you can write to")
            continue
        read.append(folder)
        if is_writable:
            return Folders((*read,), folder, (*refused,))
    _warn("compiled code cannot be kept, and every start compiles anew; let NBCNN_CACHE name a folder of yours")
    alone = _folder_of_this_process()
    return Folders((*read, alone) if alone else (*read,), alone, (*refused,))


def _warn(text: str) -> None:
    warnings.warn(text, NbcnnWarning, stacklevel=3)


def _wanted() -> Path | None:
    wanted = os.environ.get("NBCNN_CACHE")
    return Path(wanted).absolute() if wanted else None


def _bases() -> Iterator[Path]:
    if wanted := _wanted():
        yield wanted
    if usual := user_cache():
        yield usual
    with contextlib.suppress(OSError):  # there may be no folder for temporary files
        yield Path(tempfile.gettempdir()) / f"nbcnn-{os.getuid() if hasattr(os, 'getuid') else 'user'}"


def _opened(base: Path) -> tuple[Path, bool]:
    """The folder of this version in `base`, made if need be, and whether it can be written to; raises OSError."""
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    base = base.resolve()
    folder = base / f"{_PREFIX}{nbcnn.__version__}-{sources_digest()}"
    _refuse_untrusted(base)
    try:
        folder.mkdir(mode=0o700)
        _remove_unused(base)
    except FileExistsError:
        _refuse_untrusted(folder)
    is_writable = os.access(folder, os.W_OK | os.X_OK)
    if is_writable and time.time() - folder.stat().st_mtime > _DAY:
        os.utime(folder)
    return folder, is_writable


def _refuse_untrusted(folder: Path) -> None:
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise OSError(f"{folder.name} is no folder")
    if not is_trusted(status):
        raise OSError(f"{folder.name} belongs to somebody else, or others can write to it (see chmod go-w)")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise OSError(f"{folder.name} cannot be read")


def _remove_unused(base: Path) -> None:
    """Remove what former versions left; a process that still wants to write there makes its folder again."""
    for folder in base.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.lstat().st_mtime > UNUSED_DAYS * _DAY:
                shutil.rmtree(folder, ignore_errors=True)


def _folder_of_this_process() -> Path | None:
    """A folder that lives as long as this process, for those that compile for it, where there can be one."""
    try:
        base = Path(tempfile.mkdtemp(prefix="nbcnn-"))
        atexit.register(shutil.rmtree, base, ignore_errors=True)
        return _opened(base)[0]
    except OSError:
        return None
