"""Arrays as PNG, with nothing but the standard library."""

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}
"""Grey, red-green-blue, and that with opacity: how many channels, and the number that PNG has for them."""


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG of pixels (rows, columns, 1, 3 or 4 channels): W3C's Portable Network Graphics, sections 5 and 11."""
    rows, columns, channels = pixels.shape
    header = struct.pack(">IIBBBBB", columns, rows, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    # Every row begins with the number of its filter; 0 is none.
    lines = np.zeros((rows, 1 + columns * channels), np.uint8)
    lines[:, 1:] = pixels.reshape(rows, -1)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """The PNG as an address that holds it."""
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode("ascii")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
