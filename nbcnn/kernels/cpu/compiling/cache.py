"""The cache of compiled code on disk, where the machine keeps caches.

Numba loads what it finds in its cache without looking; a truncated or damaged entry then crashes or computes wrongly.
So the cache is a folder of our own, named after the version and a hash of all kernel sources, readable by its owner
alone, and every file in it must match the digest that was noted beside it, or it is deleted before Numba can see it.
"""

import atexit
import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
import threading
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba

import nbcnn

_DIGEST = ".sha256"
# Numba's cache folder is a setting of the whole process, so only one thread may compile at a time.
compiling = threading.RLock()


def sources_digest() -> str:
    """A hash of every file that shapes compiled code: all of this folder and the walker, with Numba's version."""
    package = Path(nbcnn.__file__).parent
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted([*package.glob("kernels/cpu/**/*.py"), *package.glob("plan/*.py")]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _candidates() -> Iterable[Path]:
    if os.environ.get("NBCNN_CACHE"):
        yield Path(os.environ["NBCNN_CACHE"])
    with contextlib.suppress(RuntimeError):  # there may be no home directory
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nbcnn"
    yield Path(tempfile.gettempdir()) / f"nbcnn-{os.getuid() if hasattr(os, 'getuid') else 'user'}"


def _is_ours(folder: Path) -> bool:
    """A real folder that we own and nobody else can write: what is loaded from it is executed."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or not os.access(folder, os.W_OK | os.X_OK):
        return False
    return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)


@lru_cache(maxsize=1)
def cache_folder() -> Path:
    """The first folder that is ours, created if need be; one for this process alone as the last resort."""
    name = f"kernels-{nbcnn.__version__}-{sources_digest()}"
    for base in _candidates():
        with contextlib.suppress(OSError):
            base.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = base / name
            folder.mkdir(mode=0o700, exist_ok=True)
            if _is_ours(base) and _is_ours(folder):
                return folder
    base = Path(tempfile.mkdtemp(prefix="nbcnn-kernels-"))
    atexit.register(shutil.rmtree, base, ignore_errors=True)
    folder = base / name
    folder.mkdir(mode=0o700)
    return folder


def _folder_of(label: str) -> Path:
    return cache_folder() / hashlib.sha256(label.encode()).hexdigest()[:16]


def _entries(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix in (".nbi", ".nbc")]


def _note(path: Path) -> Path:
    return path.with_name(path.name + _DIGEST)


def _is_sound(path: Path) -> bool:
    try:
        return _note(path).read_text() == hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return False


def is_cached(label: str) -> bool:
    """Whether the code of this label is on disk; it may still turn out to be damaged."""
    return any(map(_is_sound, _entries(_folder_of(label))))


def bytes_on_disk(labels: Iterable[str]) -> int:
    """How much the code of these labels takes there."""
    return sum(path.stat().st_size for label in labels for path in _entries(_folder_of(label)))


def _remove_unverified(folder: Path) -> None:
    """Delete what lies in one label's folder unless all is as noted: an index and its code belong together."""
    entries = _entries(folder)
    if not all(map(_is_sound, entries)):
        for path in entries:
            path.unlink(missing_ok=True)


def _note_digests(folder: Path) -> None:
    """Write down the digest of every new entry, after compiling."""
    for path in _entries(folder):
        note = _note(path)
        # A full or vanished folder costs the next start a compilation, nothing else.
        with contextlib.suppress(OSError):
            if not note.exists() or note.stat().st_mtime_ns <= path.stat().st_mtime_ns:
                partial = note.with_name(f"{note.name}.{os.getpid()}")
                partial.write_text(hashlib.sha256(path.read_bytes()).hexdigest())
                os.replace(partial, note)


def cached(label: str, decorate: Callable[..., Any], *arguments: Any, **options: Any) -> Callable[[Any], Any]:
    """Apply a Numba decorator with its cache in a folder of this label's own, leaving the user's setting as it is.

    Numba keeps all variants of one function under one index, which two processes that start together can mix up; with a
    folder for each variant they write the same. Without room on the disk the code is compiled for this process alone.
    """

    def apply(function: Any) -> Any:
        with compiling:
            folder = _folder_of(label)
            _remove_unverified(folder)
            before = numba.config.CACHE_DIR
            numba.config.CACHE_DIR = str(folder)
            try:
                return decorate(*arguments, cache=True, error_model="numpy", **options)(function)
            except OSError:
                return decorate(*arguments, error_model="numpy", **options)(function)
            finally:
                numba.config.CACHE_DIR = before
                _note_digests(folder)

    return apply
