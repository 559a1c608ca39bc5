"""The first 512 bytes of a weights file, an HDF5 user block: the seal, and where each text lies.

    bytes 0 to 7      magic
    8 to 39           SHA-256 of all that follows
    40 to 47          bytes of the file
    48 to 479         for each text its offset, its length and its SHA-256
    480 to 511        zeros

Numbers are little-endian and count from the file's first byte. HDF5 itself skips a user block, hence any HDF5 program
still reads the file; one that changes it breaks the seal.
"""

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from nbcnn.errors import WeightsError

BLOCK = 512  # the smallest user block that HDF5 allows
# As in PNG and HDF5: line ends and the end-of-file mark tell at once that a transfer "as text" broke the file.
MAGIC = b"nbcnn\r\n\x1a"
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
DAMAGED = "the file is damaged or was changed by another program, copy it again or use an earlier one"
TEXTS = ("format", "format_version", "spec", "classes", "normalization", "provenance", "versions", "arrays", "state")

_LENGTH = struct.Struct("<Q")
_ENTRY = struct.Struct("<QQ32s")
_SEALED = len(MAGIC) + hashlib.sha256().digest_size
_TABLE = _SEALED + _LENGTH.size
_END = _TABLE + _ENTRY.size * len(TEXTS)


@dataclass(frozen=True)
class Place:
    """Where a text lies, and the SHA-256 of its bytes; a text that the file has none of has length 0."""

    offset: int
    length: int
    checksum: bytes


def seal(image: memoryview, table: Mapping[str, Place]) -> None:
    """Write the block over the first 512 bytes of an HDF5 image, which must be its user block."""
    places = [table[name] for name in TEXTS]
    entries = b"".join(_ENTRY.pack(place.offset, place.length, place.checksum) for place in places)
    image[_TABLE:BLOCK] = entries.ljust(BLOCK - _TABLE, b"\0")
    reseal(image)


def reseal(image: bytearray | memoryview) -> None:
    """Write magic, length and SHA-256 of an image that has its table."""
    image[_SEALED:_TABLE] = _LENGTH.pack(len(image))
    image[:_SEALED] = MAGIC + checksum(memoryview(image)[_SEALED:])


def read_block(block: bytes, size: int, place: str) -> dict[str, Place]:
    """The table in a file's first bytes; raises WeightsError where they begin no weights file of `size` bytes."""
    if not block.startswith(MAGIC):
        if block.startswith(HDF5_MAGIC):
            raise WeightsError(f"{place}: this HDF5 file was not written by nbcnn; give a file that nbcnn saved")
        raise WeightsError(f"{place}: this is not a weights file of nbcnn; give a file that nbcnn saved")
    if len(block) < BLOCK:
        raise WeightsError(f"{place}: at least {BLOCK} bytes are expected, the file holds {size}; it is truncated")
    if (length := declared_size(block)) != size:
        raise WeightsError(
            f"{place}: {length} bytes are expected, the file holds {size}; it is truncated or was changed, copy it "
            "again or use an earlier one"
        )
    if any(block[_END:]):
        raise WeightsError(f"{place}: zeros are expected in bytes {_END} to {BLOCK - 1}; {DAMAGED}")
    return read_table(block)


def declared_size(block: bytes) -> int:
    """The file's bytes, as the block has them."""
    return int(_LENGTH.unpack_from(block, _SEALED)[0])


def read_table(block: bytes) -> dict[str, Place]:
    """Where the texts lie, as the block has it."""
    return {name: Place(*entry) for name, entry in zip(TEXTS, _ENTRY.iter_unpack(block[_TABLE:_END]), strict=True)}


def is_sealed(data: bytes | bytearray | memoryview) -> bool:
    """Whether the SHA-256 in the block is that of all that follows it."""
    view = memoryview(data)
    return view[:_SEALED] == MAGIC + checksum(view[_SEALED:])


def checksum(data: bytes | bytearray | memoryview) -> bytes:
    return hashlib.sha256(data).digest()
