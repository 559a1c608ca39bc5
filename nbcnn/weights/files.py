"""Files that are whole or absent: no reader ever sees half of one, and a failed write leaves the old one as it was."""

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterable
from io import BytesIO, FileIO
from pathlib import Path

from nbcnn.errors import NbcnnError, WeightsError

# More than this is not read into memory.
MOST_BYTES = 16 << 30


def write_atomically(path: Path, data: bytes, keep_previous: Path | None = None) -> None:
    """Replaces the file at `path` by `data`, once they are on the disk; a link is followed, its target replaced, with
    the same permissions.

    `keep_previous`, a path in the same file system, then names what was at `path` before, if anything was.
    Raises NbcnnError where the disk is full, the folder read-only or the target no regular file; what was at `path` is
    untouched then, but where the folder alone fails to be put on the disk, which the message says.
    """
    path = Path(os.path.realpath(path))
    partial = _beside(path)
    try:
        if path.exists() and not path.is_file():
            raise NbcnnError(f"{path}: a regular file is expected as the target; choose another path")
        try:
            _write(partial, data)
            if path.exists():
                partial.chmod(stat.S_IMODE(path.stat().st_mode))
            if keep_previous is not None and path.exists():
                _link_over(path, keep_previous)
            os.replace(partial, path)
        except BaseException:  # an interrupt, too, must not leave the partial file behind
            partial.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise NbcnnError(
            f"{path}: the file cannot be written ({error.strerror or error}); nothing was overwritten, make room or "
            "choose another folder"
        ) from None
    try:
        sync_folder(path.parent)
    except OSError as error:
        raise NbcnnError(
            f"{path}: the file is written, and its folder cannot be ({error.strerror or error}): a power cut may bring "
            "back what was there before; see that the disk is sound"
        ) from None


def _beside(path: Path) -> Path:
    """A new name in the same folder, so that the rename stays within one file system; hidden, and shortened to fit."""
    return path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.partial")


def _write(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _link_over(path: Path, other: Path) -> None:
    """Makes `other` a second name of the file at `path`; os.link alone does not replace an existing name."""
    link = _beside(other)
    try:
        os.link(path, link)
    except OSError:  # FAT and some network file systems have no hard links
        _write(link, path.read_bytes())
    try:
        os.replace(link, other)
    finally:
        # POSIX: renaming onto another name of the same file does nothing and leaves both names.
        link.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Makes what was made, renamed and removed in a folder lasting; Windows cannot, and does not need to."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network and user-space file systems know no such thing for a folder, and have no other way.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def remove_partials(folder: Path, names: Iterable[str]) -> None:
    """Removes what a killed process left half written of these files; nobody may be writing them meanwhile."""
    pattern = re.compile(rf"\.({'|'.join(map(re.escape, names))})\.[0-9a-f]{{8}}\.partial")
    for path in folder.iterdir():
        if pattern.fullmatch(path.name):
            path.unlink(missing_ok=True)


def read_whole(path: Path) -> bytes:
    """The content of a regular file of bounded size; raises WeightsError for anything else, such as a FIFO."""
    with open_regular(path) as file:
        return bytes(read_at(file, 0, size_of(file), str(path)))


def open_regular(path: Path) -> FileIO:
    """A regular file of bounded size, open for reading; raises WeightsError for anything else, such as a FIFO."""
    try:
        # O_NONBLOCK lets the open itself return where no one writes to a FIFO; it has no effect on a regular file.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise WeightsError(f"{path}: there is no such file; check the path") from None
    except (OSError, ValueError) as error:
        raise _unreadable(str(path), error) from None
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_size <= MOST_BYTES:
        return os.fdopen(descriptor, "rb", buffering=0)
    os.close(descriptor)
    if stat.S_ISDIR(status.st_mode):
        raise WeightsError(f"{path}: a file is expected, this is a folder; name the weights file in it")
    if not stat.S_ISREG(status.st_mode):
        raise WeightsError(f"{path}: a regular file is expected; check the path")
    raise WeightsError(
        f"{path}: at most {MOST_BYTES} bytes are expected, the file holds {status.st_size}; check the path"
    )


def size_of(file: FileIO | BytesIO) -> int:
    """Bytes of an open file."""
    return file.seek(0, os.SEEK_END)


def read_at(file: FileIO | BytesIO, offset: int, count: int, place: str) -> bytearray:
    """Bytes of an open file, fewer where it ends before; raises WeightsError where they cannot be read."""
    # What a file says of its size is no reason to ask for memory.
    size = size_of(file)
    offset = min(offset, size)
    data = bytearray(min(count, size - offset))
    filled = 0
    try:
        file.seek(offset)
        with memoryview(data) as view:
            while got := file.readinto(view[filled:]):
                filled += got
    except OSError as error:
        raise _unreadable(place, error) from None
    del data[filled:]
    return data


def _unreadable(place: str, error: Exception) -> WeightsError:
    why = error.strerror if isinstance(error, OSError) and error.strerror else error
    return WeightsError(f"{place}: the file cannot be read ({why}); check the path and its rights")
