"""One run in a folder at a time: a lock that the system itself releases when a process ends, however it ends."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from nbcnn.errors import InputError, NbcnnError

LOCK = ".lock"
"""The file that is locked; it holds the number of the process, and is removed when the run ends in order."""

if sys.platform == "win32":
    import msvcrt

    # Windows keeps others from reading what is locked, so that is a byte behind all that the file holds.
    _FAR_BEHIND = 1 << 20

    def _lock(file: FileIO) -> None:
        file.seek(_FAR_BEHIND)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(*error.args) from None

else:
    import fcntl

    def _lock(file: FileIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def locked(folder: Path) -> Iterator[str | None]:
    """Keep other runs out of a folder in this block; gives None, or why the file system cannot do that.

    Raises InputError where another run is in the folder, and NbcnnError where no file can be made there.
    """
    path = folder / LOCK
    while True:
        with _open(path) as file:
            refused = None
            try:
                _lock(file)
            except BlockingIOError:
                raise InputError(
                    f"{folder}: another run{_process(file)} is under way in this folder; wait for its end, or choose "
                    "another --out"
                ) from None
            except OSError as error:  # some network file systems have no locks
                refused = error.strerror or str(error)
            if not _is_at(file, path):  # the run before has removed it since it was opened
                continue
            with suppress(OSError):  # a full disk is found soon enough
                file.truncate(0)
                file.write(f"{os.getpid()}\n".encode())
            try:
                yield refused
            finally:
                # While the lock is held, so that nobody else holds it.
                with suppress(OSError):
                    path.unlink()
            return


def _open(path: Path) -> FileIO:
    try:
        # A link would have the file that it leads to cut and written.
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        return FileIO(os.open(path, flags, 0o666), "a+")
    except OSError as error:
        raise NbcnnError(
            f"{path}: the file cannot be written ({error.strerror or error}); make room or choose another folder"
        ) from None


def _is_at(file: FileIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _process(file: FileIO) -> str:
    """The process that holds the lock, in words, where the file says so."""
    file.seek(0)
    number = file.read(20).strip()
    return f" (process {int(number)})" if number.isdigit() else ""
