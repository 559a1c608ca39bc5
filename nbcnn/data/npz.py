"""NumPy archives (.npz) as data sets.

Names of the arrays, the first row that fits: `x_train`, `y_train`, and where there are such parts `x_val`, `y_val`,
`x_test`, `y_test`; `train_images`, `train_labels`, `val_images`, ... as MedMNIST has them; `x`, `y` or `images`,
`labels` for one part. `class_names`, an array of strings, is optional. Other arrays are not read.
"""

import math
import os
import zipfile
from pathlib import Path
from typing import IO, cast

import numpy as np

from nbcnn.data.conventions import CLASS_NAMES, CONVENTIONS, arranged
from nbcnn.data.dataset import Array, Shape, Splits
from nbcnn.data.files import Stream, machine_memory, open_regular, read_exactly, reason, refuse_beyond
from nbcnn.errors import DataError

MOST_MEMBERS = 1000
LONGEST_DIRECTORY = MOST_MEMBERS << 10
"""Bytes of the list of members: each has 46, its name, and what else there is to say of it."""
LONGEST_END = 22 + (1 << 16) + 20 + 56
"""Bytes at the end that hold the records of the list: a comment may follow them."""


def load_file(path: Path, input_shape: Shape | None) -> Splits:
    """The data set in an .npz file; raises DataError for a damaged file and for names that fit no convention."""
    with open_regular(path) as file:
        arrays = read(file, path)
    return arranged(arrays, CONVENTIONS, path, input_shape, listed="")


def read(file: IO[bytes], path: Path) -> dict[str, Array]:
    """The arrays of a data set in an open .npz file, by name; objects (pickles) are refused. Raises DataError."""
    wanted = {name for row in CONVENTIONS for names in row for name in names} | {CLASS_NAMES}
    arrays: dict[str, Array] = {}
    size = os.fstat(file.fileno()).st_size
    left = machine_memory()
    try:
        _refuse_long_directory(file, size, path)
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS:
                raise DataError(f"{path}: at most {MOST_MEMBERS} arrays are expected, received {len(members)}")
            for member in members:
                name = member.filename.removesuffix(".npy")
                if name not in wanted or not member.filename.endswith(".npy"):
                    continue
                if name in arrays:
                    raise DataError(f"{path}: one array {name} is expected, received several; write the file again")
                with archive.open(member) as stream:
                    arrays[name] = _array(stream, member, f"{path} {name}", size, left)
                left -= arrays[name].nbytes
    except DataError:
        raise
    # zipfile and NumPy's header parser answer damage with a dozen kinds of exception, some of them undocumented
    # (NotImplementedError, RecursionError, struct.error, tokenize.TokenError, UnicodeDecodeError); all mean the same.
    except Exception as error:
        raise DataError(f"{path}: not a readable .npz file ({reason(error)}); copy or write it again") from None
    return arrays


def _refuse_long_directory(file: IO[bytes], size: int, path: Path) -> None:
    """Refuses a list of members that is longer than MOST_MEMBERS need, before all of it is read; raises DataError.

    Its length stands in a record at the end, of 64 bits as well where the archive is large. Source: PKWARE, APPNOTE.TXT
    6.3.10, sections 4.3.14 and 4.3.16.
    """
    file.seek(max(0, size - LONGEST_END))
    end = file.read(LONGEST_END)
    for mark, place, width in ((b"PK\x05\x06", 12, 4), (b"PK\x06\x06", 40, 8)):
        at = end.rfind(mark)
        length = int.from_bytes(end[at + place : at + place + width], "little") if at >= 0 else 0
        if length > LONGEST_DIRECTORY and length < 256**width - 1:
            raise DataError(
                f"{path}: at most {MOST_MEMBERS} arrays are expected, its list of them has {length} bytes; write the "
                "file with the arrays of the data set alone"
            )
    file.seek(0)


def _array(stream: IO[bytes], member: zipfile.ZipInfo, place: str, file_size: int, memory: int) -> Array:
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(f"{place}: numpy.savez or savez_compressed are expected to have written the file; use one")
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, fortran_order, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise DataError(f"{place}: .npy format 1.0 or 2.0 is expected, received {version[0]}.{version[1]}")
    if dtype.kind not in "biufSU" or dtype.subdtype is not None:
        raise DataError(f"{place}: an array of plain numbers is expected, received {dtype}; convert it with .astype")
    if min(shape, default=0) < 0:
        raise DataError(f"{place}: sizes of at least 0 are expected, received {shape}; write the file again")
    if not dtype.itemsize:
        raise DataError(f"{place}: an array of plain numbers is expected, received {dtype} of no bytes; leave it out")
    declared = math.prod(shape) * dtype.itemsize
    compressed = member.compress_type == zipfile.ZIP_DEFLATED
    refuse_beyond(declared, min(member.compress_size, file_size), compressed, place, memory)
    data = read_exactly(cast(Stream, stream), declared, place)
    array = np.frombuffer(data, dtype).reshape(shape, order="F" if fortran_order else "C")
    return array.astype(dtype.newbyteorder("="), copy=False)
