"""Files of compiled code, each sealed by a hash of its name and of what it holds.

Whoever loads damaged code crashes or computes wrongly, so the very bytes that will be loaded are checked: a file that
was cut off, changed or put in another's place counts as missing, and is written anew. It is replaced as a whole, and
never removed, so that processes cannot get in one another's way.
"""

import contextlib
import hashlib
import os
import tempfile
import warnings
from functools import lru_cache
from pathlib import Path

from nbcnn.errors import NbcnnWarning
from nbcnn.kernels.cpu.compiling.folders import folders, is_trusted

SUFFIX = ".code"
_SEAL_BYTES = 32


def _seal(name: str, contents: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\0" + contents).digest()


def size(name: str) -> int:
    """How many bytes an entry takes on disk, sound or not; 0 where there is none."""
    for folder in folders().read:
        with contextlib.suppress(OSError):
            return (folder / (name + SUFFIX)).stat().st_size
    return 0


def read(name: str) -> bytes | None:
    """What was written under this name, or None where nothing sound is."""
    found = (_verified(folder / (name + SUFFIX)) for folder in folders().read)
    return next((contents for contents in found if contents is not None), None)


def _verified(path: Path) -> bytes | None:
    try:
        with open(path, "rb") as file:
            if not is_trusted(os.fstat(file.fileno())):
                return None
            seal, contents = file.read(_SEAL_BYTES), file.read()
    except OSError:
        return None
    return contents if seal == _seal(path.stem, contents) else None


def is_sound(path: Path) -> bool:
    """Whether a file of a cache would be loaded."""
    return _verified(path) is not None


def write(name: str, contents: bytes) -> None:
    """Keep this under a name, whole or not at all; without room on the disk there is a warning and nothing is kept."""
    folder = folders().written
    if folder is None:
        return
    try:
        # Somebody may have emptied the cache since.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(dir=folder, prefix=name, suffix=".partial")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_seal(name, contents) + contents)
            os.replace(partial, folder / (name + SUFFIX))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(partial)
            raise
    except OSError as error:
        _warn_once(
            f"{folder.parent}: {error.strerror or error}: what was compiled is not kept, and the next start compiles "
            "it again; make room there, or let NBCNN_CACHE name another folder"
        )


@lru_cache(maxsize=1)
def _warn_once(text: str) -> None:
    warnings.warn(text, NbcnnWarning, stacklevel=3)
