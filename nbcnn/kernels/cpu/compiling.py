"""Compiled kernels by address, cached on disk where the machine keeps caches.

Numba loads what it finds in its cache without looking; a truncated or damaged entry then crashes or computes wrongly.
So the cache is a folder of our own, named after the version and a hash of all kernel sources, readable by its owner
alone, and every file in it must match the digest that was noted beside it, or it is deleted before Numba can see it.
"""

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba
from numba import cfunc, types

import nbcnn
from nbcnn.kernels.cpu.program import Kernel

OnCompile = Callable[[str, int, int], None]

_SIGNATURE = types.void(types.int64, types.int64, types.int64, types.int64)
_DIGEST = ".sha256"
_compiled: dict[Kernel, Any] = {}


def sources_digest() -> str:
    """A hash of every file that shapes compiled code: all of this folder and the walker, with Numba's version."""
    package = Path(nbcnn.__file__).parent
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted([*package.glob("kernels/cpu/*.py"), *package.glob("plan/*.py")]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _candidates() -> Iterable[Path]:
    if "NBCNN_CACHE" in os.environ:
        yield Path(os.environ["NBCNN_CACHE"])
    with contextlib.suppress(RuntimeError):  # there may be no home directory
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nbcnn"
    yield Path(tempfile.gettempdir()) / f"nbcnn-{os.getuid() if hasattr(os, 'getuid') else 'user'}"


@lru_cache(maxsize=1)
def cache_folder() -> Path:
    """The first folder that we own and can write, created if need be; a temporary one as the last resort."""
    name = f"kernels-{nbcnn.__version__}-{sources_digest()}"
    for base in _candidates():
        folder = base / name
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = folder.lstat()
            owned = not hasattr(os, "getuid") or status.st_uid == os.getuid()
            if stat.S_ISDIR(status.st_mode) and owned and os.access(folder, os.W_OK | os.X_OK):
                folder.chmod(0o700)
                _remove_unverified(folder)
                return folder
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="nbcnn-kernels-"))


def _entries(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix in (".nbi", ".nbc")]


def _remove_unverified(folder: Path) -> None:
    for path in _entries(folder):
        note = path.with_name(path.name + _DIGEST)
        try:
            sound = note.read_text() == hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:
            sound = False
        if not sound:
            path.unlink(missing_ok=True)


def note_digests() -> None:
    """Write down the digest of every new cache entry, after compiling."""
    for path in _entries(cache_folder()):
        note = path.with_name(path.name + _DIGEST)
        try:
            if not note.exists() or note.stat().st_mtime_ns <= path.stat().st_mtime_ns:
                partial = note.with_name(f"{note.name}.{os.getpid()}")
                partial.write_text(hashlib.sha256(path.read_bytes()).hexdigest())
                os.replace(partial, note)
        except OSError:
            # A full or vanished folder costs the next start a compilation, nothing else.
            continue


def cached(decorate: Callable[..., Any], *arguments: Any, **options: Any) -> Callable[[Any], Any]:
    """Apply a Numba decorator with its cache in our folder, leaving the user's own setting as it is."""

    def apply(function: Any) -> Any:
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(cache_folder())
        try:
            return decorate(*arguments, cache=True, error_model="numpy", **options)(function)
        finally:
            numba.config.CACHE_DIR = before

    return apply


def compile_all(kernels: Iterable[Kernel], on_compile: OnCompile | None = None) -> None:
    """Compile or load every kernel; `on_compile(label, done, total)` is called before each one."""
    missing = [kernel for kernel in dict.fromkeys(kernels) if kernel not in _compiled]
    for done, kernel in enumerate(missing):
        if on_compile:
            on_compile(kernel.label, done, len(missing))
        _compiled[kernel] = cached(cfunc, _SIGNATURE)(kernel.factory(*kernel.constants))
    if missing:
        note_digests()
        if on_compile:
            on_compile("", len(missing), len(missing))


def address_of(kernel: Kernel) -> int:
    """The machine address of a kernel that `compile_all` has seen."""
    address: int = _compiled[kernel].address
    return address
