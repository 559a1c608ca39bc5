"""Files of the formats under test, written by hand so that the reader is not tested against itself."""

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest

TYPES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx_bytes(array: np.ndarray) -> bytes:
    code = TYPES[array.dtype.str[1:]]
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture(scope="session")
def to_idx():
    return idx_bytes


@pytest.fixture
def idx_folder(tmp_path):
    """A folder with a data set of 20 and 10 images of 4 x 5 pixels in 5 classes, and what it holds."""
    generator = np.random.default_rng(0)
    arrays = {}
    for stem, count in (("train", 20), ("t10k", 10)):
        arrays[f"{stem}-images-idx3-ubyte"] = generator.integers(0, 256, (count, 4, 5), np.uint8)
        arrays[f"{stem}-labels-idx1-ubyte"] = np.arange(count, dtype=np.uint8) % 5
    folder = tmp_path / "idx"
    folder.mkdir()
    for name, array in arrays.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(idx_bytes(array)))
    return folder, arrays


@pytest.fixture
def real_data():
    """A data directory with real data sets; tests that want one are skipped where there is none."""
    beside = Path(__file__).parents[3] / "shared" / "data"
    directory = Path(os.environ["NBCNN_DATA"]) if os.environ.get("NBCNN_DATA") else beside
    if not directory.is_dir():
        pytest.skip("no data directory: set NBCNN_DATA")
    return directory
