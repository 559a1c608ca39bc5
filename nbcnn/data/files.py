"""How data files are opened and read: regular files only, and never more bytes than their header declared."""

import os
import stat
from collections.abc import Iterable
from io import BufferedReader
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nbcnn.errors import DataError
from nbcnn.machine.memory import memory_bytes
from nbcnn.reach import DATA, end_of, leads_into, named_folders

# No deflate stream expands further: 258 bytes from 2 bits, hence 1032 (RFC 1951, section 3.2.5).
DEFLATE_LIMIT = 1032
UNSUSPECTED = 128 << 20
"""Bytes that a compressed file may stand for however small it is."""
LIKELY_RATIO = 200
"""Above that, a compressed file that is read as a whole stands for no more times its own bytes: real data hold more."""
MEMORY_WHERE_UNKNOWN = 16 << 30
PIECE = 1 << 20


class Stream(Protocol):
    """What `read_exactly` needs of a file."""

    def read1(self, size: int, /) -> bytes: ...


def open_regular(path: Path) -> BufferedReader:
    """The file at `path`, open for reading; raises DataError for anything else, such as a FIFO, which would hang."""
    try:
        # O_NONBLOCK lets the open itself return where no one writes to a FIFO; it has no effect on a regular file.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; check the path") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: the file cannot be opened ({reason(error)}); check the path and its rights") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DataError(f"{path}: a regular file is expected; check the path")
    return os.fdopen(descriptor, "rb")


def reason(error: BaseException) -> str:
    """What went wrong, in the system's words and without its numbers."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def refuse_beyond(declared: int, stored: int, compressed: bool, place: str, memory: int | None = None) -> None:
    """Refuses a declared size that `stored` bytes cannot hold or the memory cannot take; raises DataError.

    Called with what a header declares, before any memory is asked for. `memory` is what is left of the machine's.
    """
    refuse_truncated(declared, stored, compressed, place)
    if compressed and declared > max(UNSUSPECTED, stored * LIKELY_RATIO):
        raise DataError(
            f"{place}: {stored} compressed bytes stand for {declared}, more than {LIKELY_RATIO} times as many, which "
            "may be meant to fill the memory; write the file without compression"
        )
    memory = machine_memory() if memory is None else memory
    if declared > memory:
        raise DataError(
            f"{place}: the header declares {declared} bytes of data, this machine has {memory} bytes of memory for "
            "them; use a smaller data set, or an HDF5 file, which is read in parts"
        )


def refuse_truncated(declared: int, stored: int, compressed: bool, place: str) -> None:
    """Refuses a declared size that `stored` bytes cannot hold; raises DataError."""
    limit = stored * DEFLATE_LIMIT if compressed else stored
    if declared > limit:
        raise DataError(
            f"{place}: the header declares {declared} bytes of data, the {stored} bytes there hold at most {limit}; "
            "the file is truncated or damaged, copy or fetch it again"
        )


def refuse_links_out(paths: Iterable[Path], folder: Path, data_dir: Path | None = None) -> None:
    """Refuses links that lead out of `folder`, the data directory and the folder the user works in; raises DataError.

    What is no link is not looked at.
    """
    if not (links := [path for path in paths if path.is_symlink()]):
        return
    named = [end_of(each) for each in named_folders(folder, data_dir)]
    for path in links:
        if not leads_into(path, named):
            raise DataError(
                f"{path}: the link leads out of {folder}; copy what it leads to, or name a folder that holds both by "
                f"--data-dir or {DATA}"
            )


def machine_memory() -> int:
    """Bytes of memory that this process may use, 16 GiB where the system does not say."""
    return memory_bytes() or MEMORY_WHERE_UNKNOWN


def read_exactly(stream: Stream, count: int, place: str) -> NDArray[np.uint8]:
    """The next `count` bytes, which must be the last; raises DataError where there are fewer or more."""
    try:
        data = np.empty(count, np.uint8)
    except MemoryError:
        raise DataError(
            f"{place}: its {count} bytes of data do not fit in the memory that is left; end other programs, or use an "
            "HDF5 file, which is read in parts"
        ) from None
    filled = 0
    try:
        while filled < count and (piece := stream.read1(min(PIECE, count - filled))):
            data[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
            filled += len(piece)
    except EOFError:  # gzip's word for a stream that stops before its end mark
        pass
    if filled < count:
        raise DataError(
            f"{place}: the header declares {count} bytes of data, the file holds {filled}; it is truncated, copy or "
            "fetch it again"
        )
    if stream.read1(1):
        raise DataError(
            f"{place}: the header declares {count} bytes of data, the file holds more; it is damaged, copy or fetch it "
            "again"
        )
    return data
