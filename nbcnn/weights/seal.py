"""The seal of a weights file: an HDF5 user block with the length and SHA-256 of all that follows it.

It is checked on the raw bytes, so that HDF5's parser never sees a damaged file. HDF5 itself skips a user block, hence
any HDF5 program still reads the file; one that changes the file breaks the seal.
"""

import hashlib
import struct

from nbcnn.errors import WeightsError

BLOCK = 512  # the smallest user block that HDF5 allows
# As in PNG and HDF5: line ends and the end-of-file mark tell at once that a transfer "as text" broke the file.
MAGIC = b"nbcnn\r\n\x1a"
LAYOUT = struct.Struct("<8sQ32s")
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


def sealed(image: bytes) -> bytes:
    """The HDF5 image with its first 512 bytes, which must be its user block, replaced by the seal."""
    content = memoryview(image)[BLOCK:]
    return LAYOUT.pack(MAGIC, len(content), hashlib.sha256(content).digest()).ljust(BLOCK, b"\0") + content


def check_seal(data: bytes, place: str) -> None:
    """Raises WeightsError unless these are the bytes that `sealed` made."""
    if not data.startswith(MAGIC):
        if data.startswith(HDF5_MAGIC):
            raise WeightsError(f"{place}: this HDF5 file was not written by nbcnn; give a file that nbcnn saved")
        raise WeightsError(f"{place}: this is not a weights file of nbcnn; give a file that nbcnn saved")
    if len(data) < BLOCK:
        raise WeightsError(f"{place}: at least {BLOCK} bytes are expected, the file holds {len(data)}; it is truncated")
    _, length, digest = LAYOUT.unpack_from(data)
    if len(data) - BLOCK != length:
        raise WeightsError(
            f"{place}: {BLOCK + length} bytes are expected, the file holds {len(data)}; it is truncated or was "
            "changed, copy it again or use an earlier one"
        )
    content = memoryview(data)[BLOCK:]
    if hashlib.sha256(content).digest() != digest or any(data[LAYOUT.size : BLOCK]):
        raise WeightsError(
            f"{place}: the content does not match the file's own SHA-256; it is damaged or was changed by another "
            "program, copy it again or use an earlier one"
        )
