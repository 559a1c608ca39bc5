"""What a disk may hold after a power cut, by the record of what was done to it until then.

Only what was synced is sure. A file's content is lasting with its own fsync, its name with that of the folder that it
lies in. All else may be there or not: names each by itself, and of content nothing, a part, or zeros.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

State = dict[str, bytes | None]
"""Content by path; None is a folder."""

MOST_SUBSETS = 4
"""Of more changes of names that are not lasting only some subsets are tried: none, all, all but one, and beginnings."""


@dataclass(eq=False)
class File:
    """A file or, with `content` None, a folder; `synced` is None before its first fsync."""

    content: bytes | None
    synced: bytes | None = None


@dataclass
class Disk:
    """`names` is what a process sees; `lasting` what is sure; `changes` what is between the two, in order."""

    root: str
    names: dict[str, File] = field(default_factory=dict)
    lasting: dict[str, File] = field(default_factory=dict)
    changes: list[tuple[tuple[str, File | None], ...]] = field(default_factory=list)

    def do(self, operation: str, path: str, data: bytes) -> None:
        """One operation of the record that faults.c writes."""
        match operation:
            case "o":
                if path not in self.names:
                    self._change((path, File(b"")))
                elif data:
                    self.names[path].content = b""
            case "w":
                self.names[path].content = (self.names[path].content or b"") + data
            case "t":
                length = struct.unpack("q", data)[0]
                self.names[path].content = (self.names[path].content or b"")[:length]
            case "s" if path == self.root or self.names[path].content is None:
                self._make_lasting(path)
            case "s":
                self.names[path].synced = self.names[path].content
            case "r":
                self._change((path, None), (data.decode(), self.names[path]))
            case "l":
                self._change((data.decode(), self.names[path]))
            case "u" | "d":
                self._change((path, None))
            case "m":
                self._change((path, File(None)))

    def _change(self, *names: tuple[str, File | None]) -> None:
        _apply(self.names, names)
        self.changes.append(names)

    def _make_lasting(self, folder: str) -> None:
        rest = []
        for change in self.changes:
            if str(Path(change[0][0]).parent) == folder:
                _apply(self.lasting, change)
            else:
                rest.append(change)
        self.changes = rest

    def states(self) -> Iterator[State]:
        """All that may be there after a power cut at this moment, the least first."""
        for chosen in _subsets(len(self.changes)):
            names = dict(self.lasting)
            for number in chosen:
                _apply(names, self.changes[number])
            # What lies in a folder whose name is lost is lost.
            there = {
                path: file for path, file in names.items() if all(str(each) in names for each in self._folders(path))
            }
            for damage in (_lost, _torn, _zeros, _kept):
                yield {path: damage(file) for path, file in there.items()}

    def _folders(self, path: str) -> list[Path]:
        return [each for each in Path(path).parents if str(each).startswith(self.root + "/")]


def _apply(names: dict[str, File], changes: tuple[tuple[str, File | None], ...]) -> None:
    for path, file in changes:
        if file is None:
            names.pop(path, None)
        else:
            names[path] = file


def _subsets(count: int) -> list[tuple[int, ...]]:
    everything = tuple(range(count))
    if count <= MOST_SUBSETS:
        return [chosen for size in range(count + 1) for chosen in combinations(everything, size)]
    beginnings = [everything[:size] for size in range(count + 1)]
    return [*beginnings, *(everything[:each] + everything[each + 1 :] for each in everything)]


def _lost(file: File) -> bytes | None:
    return None if file.content is None else (file.synced or b"")


def _torn(file: File) -> bytes | None:
    if file.content is None:
        return None
    sure = len(file.synced or b"")
    return file.content[: sure + (len(file.content) - sure) // 2]


def _zeros(file: File) -> bytes | None:
    return None if file.content is None else (file.synced or b"").ljust(len(file.content), b"\0")


def _kept(file: File) -> bytes | None:
    return file.content


def read_record(path: Path) -> Iterator[tuple[str, str, bytes]]:
    """Operation, path and data, as faults.c has written them."""
    record, place = path.read_bytes(), 0
    while place < len(record):
        operation, length, size = struct.unpack_from("=cIQ", record, place)
        place += struct.calcsize("=cIQ")
        yield operation.decode(), record[place : place + length].decode(), record[place + length :][:size]
        place += length + size
