"""The arrays of a weights file: how keys become paths, and the list that says where each lies and what it must be."""

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.errors import WeightsError
from nbcnn.weights import seal, texts
from nbcnn.weights.files import MOST_BYTES
from nbcnn.weights.snapshot import Arrays

if TYPE_CHECKING:
    import h5py

# None: the file has no such section.
Sections = dict[str, Arrays | None]

# Layer names as specs allow them, dots separating repeats, then the parameter's: a name is never a path. An
# optimiser's arrays have the name of their slot before that.
KEY = r"[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*\.[A-Za-z][A-Za-z0-9_]*"
KEYS = {
    "parameters": re.compile(KEY),
    "buffers": re.compile(KEY),
    "optimizer": re.compile(r"[A-Za-z][A-Za-z0-9_]*/" + KEY),
}
LONGEST_KEY = 255
FLOAT = np.dtype("<f4")


@dataclass(frozen=True)
class Entry:
    """One array: its bytes begin at `offset` in the file and have the SHA-256 `checksum`, in hexadecimal digits."""

    shape: tuple[int, ...]
    offset: int
    checksum: str

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * FLOAT.itemsize

    def bytes_in(self, data: bytearray) -> memoryview:
        return memoryview(data)[self.offset : self.offset + self.nbytes]

    def is_sound(self, data: bytearray) -> bool:
        """Whether the array's bytes in the file's are those that were written."""
        return seal.checksum(self.bytes_in(data)).hex() == self.checksum

    def view(self, data: bytearray) -> NDArray[np.float32]:
        """The array within the file's bytes, which it shares."""
        return np.frombuffer(data, FLOAT, math.prod(self.shape), self.offset).reshape(self.shape)


Manifest = dict[str, dict[str, Entry] | None]


def all_entries(manifest: Manifest) -> list[Entry]:
    return [entry for entries in manifest.values() for entry in (entries or {}).values()]


def planned(sections: Sections) -> Manifest:
    """A manifest of the arrays before they have a place; its text is at least as long as the one that is to be."""
    anywhere = Entry((), MOST_BYTES, "0" * len(seal.checksum(b"").hex()))
    return {
        section: None if arrays is None else {key: replace(anywhere, shape=each.shape) for key, each in arrays.items()}
        for section, arrays in sections.items()
    }


def as_text(manifest: Manifest) -> str:
    """The manifest as `arrays` has it: key, shape, offset and checksum of every array, by section."""
    described = {
        section: None
        if entries is None
        else [[key, each.shape, each.offset, each.checksum] for key, each in entries.items()]
        for section, entries in manifest.items()
    }
    return texts.to_json(described)


def write_section(group: "h5py.Group", section: str, arrays: Arrays) -> dict[str, Entry]:
    """Store "conv1.weight" as conv1/weight and "momentum/conv1.weight" as momentum/conv1/weight.

    Raises ValueError for what the format cannot hold.
    """
    described = {}
    for key, array in arrays.items():
        if array.dtype.newbyteorder("=") != np.float32 or not _is_allowed(section, key):
            raise ValueError(f"{section} cannot hold {array.dtype} as {key!r}")
        owner, _, name = key.rpartition(".")
        stored = np.asarray(array, FLOAT, order="C")
        dataset = group.require_group(owner).create_dataset(name, data=stored)
        # An array without numbers takes no place.
        offset = dataset.id.get_offset() if stored.size else 0
        described[key] = Entry(stored.shape, offset, seal.checksum(stored.reshape(-1).data.cast("B")).hex())
    return described


def read_manifest(described: Any, size: int, place: str) -> Manifest:
    """What `as_text` wrote, checked: allowed names, and bytes that lie within the file's `size`.

    Raises WeightsError.
    """
    if not isinstance(described, dict) or list(described) != list(KEYS):
        raise WeightsError(f"{place}: arrays are expected to be described by section; use another file")
    return {
        section: None if entries is None and section == "optimizer" else _read_entries(section, entries, size, place)
        for section, entries in described.items()
    }


def _read_entries(section: str, entries: Any, size: int, place: str) -> dict[str, Entry]:
    manifest: dict[str, Entry] = {}
    for key, shape, offset, checksum in entries:
        if not _is_allowed(section, key) or not all(type(n) is int and n >= 0 for n in (*shape, offset)):
            raise WeightsError(f"{place}: {section} cannot hold {key!r:.300} of shape {shape!r:.100}; use another file")
        if key in manifest:
            raise WeightsError(f"{place}: every array is expected once in {section}, {key} comes twice; use another")
        manifest[key] = entry = Entry(tuple(shape), offset, str(checksum))
        if offset % FLOAT.itemsize or offset + entry.nbytes > size:
            raise WeightsError(
                f"{place}: {section} {key} is declared with {entry.nbytes} bytes from {offset} on, the file holds "
                f"{size}; use another file"
            )
    return manifest


def _is_allowed(section: str, key: str) -> bool:
    return len(key) <= LONGEST_KEY and KEYS[section].fullmatch(key) is not None
