"""IDX files, plain or gzip: the format of MNIST, and folders that hold a data set of them.

Format: two zero bytes, a byte for the type, a byte for the number of axes, one 32-bit big-endian size per axis, then
the numbers, big-endian, last axis fastest. Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database (its last
section).
"""

import gzip
import hashlib
import math
import os
import re
import zlib
from pathlib import Path
from typing import cast

import numpy as np

from nbcnn.data.dataset import Array, Dataset, Shape, Splits, class_names, from_arrays
from nbcnn.data.files import Stream, open_regular, read_exactly, reason, refuse_beyond, refuse_links_out
from nbcnn.errors import DataError

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MOST_AXES = 8
SLACK = 1 << 17
"""Bytes that a gzip file may have beyond its data: its header with a name, and blocks that do not compress."""
GZIP_MAGIC = b"\x1f\x8b"

# train-images-idx3-ubyte.gz as published; some tools that unpack it write train-images.idx3-ubyte.
FILE_NAME = re.compile(r"(train|t10k|test)-(images|labels)[-.]idx\d-\w+(\.gz)?")


def read(path: Path, sha256: str | None = None) -> Array:
    """The array in an IDX file, in this machine's byte order; whether it is compressed is seen from its first bytes.

    `sha256`: digest that the uncompressed content must have. Raises DataError for whatever is not one whole IDX file.
    """
    with open_regular(path) as file:
        compressed = file.read(2) == GZIP_MAGIC
        file.seek(0)
        size = os.fstat(file.fileno()).st_size
        try:
            if not compressed:
                return _parse(cast(Stream, file), size, False, path, sha256)
            with gzip.GzipFile(fileobj=file) as unpacked:
                return _parse(cast(Stream, unpacked), size, True, path, sha256)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{path}: the file cannot be read ({reason(error)}); copy or fetch it again") from None


def _parse(stream: Stream, stored: int, compressed: bool, path: Path, sha256: str | None) -> Array:
    place = str(path)
    magic = _header_bytes(stream, 4, place)
    if magic[:2] != b"\0\0" or magic[2] not in TYPES or not 1 <= magic[3] <= MOST_AXES:
        raise DataError(
            f"{place}: an IDX file begins with 00 00, a type (08 to 0e) and 01 to 08 axes, received {magic.hex(' ')}; "
            "check that this is the right file"
        )
    sizes = _header_bytes(stream, 4 * magic[3], place)
    shape = tuple(int.from_bytes(sizes[start : start + 4], "big") for start in range(0, len(sizes), 4))
    dtype = np.dtype(TYPES[magic[2]])
    declared = math.prod(shape) * dtype.itemsize
    if compressed:
        refuse_beyond(declared, stored, True, place)
        if stored > declared + declared // 64 + SLACK:  # each of its bytes would be looked at
            raise DataError(
                f"{place}: the header declares {declared} bytes of data, {stored} compressed bytes are more than they "
                "need; the file is damaged, copy or fetch it again"
            )
    else:
        refuse_beyond(declared, stored - len(magic) - len(sizes), False, place)
    data = read_exactly(stream, declared, place)
    if sha256 is not None:
        digest = hashlib.sha256(magic + sizes)
        digest.update(data.data)
        if digest.hexdigest() != sha256:
            raise DataError(
                f"{place}: the content is expected to have SHA-256 {sha256}, received {digest.hexdigest()}; delete the "
                "file so that it is fetched again, or give the path of its folder as the source to use your own files"
            )
    return data.view(dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _header_bytes(stream: Stream, count: int, place: str) -> bytes:
    data = b""
    while len(data) < count and (piece := stream.read1(count - len(data))):
        data += piece
    if len(data) < count:
        raise DataError(f"{place}: {count} more bytes of header are expected, received {len(data)}; it is truncated")
    return data


def find(folder: Path) -> dict[tuple[str, str], Path]:
    """The IDX files in a folder by part and content, such as ("train", "images"); "t10k" counts as "test".

    Of a plain and a compressed file with the same content the plain one is taken, which loads faster.
    """
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(folder.iterdir(), reverse=True):  # so that the plain name comes after, and replaces, name.gz
        if match := FILE_NAME.fullmatch(path.name):
            found["train" if match[1] == "train" else "test", match[2]] = path
    return found


def load_folder(folder: Path, input_shape: Shape | None, data_dir: Path | None = None) -> Splits:
    """A data set of IDX files named as MNIST's; the test files may be missing. Raises DataError."""
    try:
        files = find(folder)
    except OSError as error:
        raise DataError(f"{folder}: the folder cannot be read ({reason(error)}); check its rights") from None
    refuse_links_out(files.values(), folder, data_dir)
    parts: dict[str, Dataset] = {}
    for part, stem in (("train", "train"), ("test", "t10k")):
        if part == "test" and not {("test", "images"), ("test", "labels")} & files.keys():
            continue
        for content, axes in (("images", 3), ("labels", 1)):
            if (part, content) not in files:
                raise DataError(
                    f"{folder}: {stem}-{content}-idx{axes}-ubyte (or the same with .gz) is expected in this folder; "
                    "place the file there"
                )
        parts[part] = pair(files[part, "images"], files[part, "labels"], input_shape)
    return Splits(parts["train"], parts.get("test"), None, class_names(None, str(folder), *parts.values()))


def pair(
    images: Path, labels: Path, input_shape: Shape | None, sha256: tuple[str | None, str | None] = (None, None)
) -> Dataset:
    """Images and their labels; (N, rows, columns) gets its one channel. Raises DataError."""
    inputs = read(images, sha256[0])
    if input_shape is None and inputs.ndim == 3:
        inputs = inputs[:, np.newaxis]
    return from_arrays(inputs, read(labels, sha256[1]), f"{images} and {labels.name}", input_shape)
