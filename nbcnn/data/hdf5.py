"""HDF5 files (.h5, .hdf5) as data sets that need not fit in memory.

Names are those of .npz files (`x_train`, `y_train`, ...), or groups `train`, `validation` and `test` with `x` and `y`
in each. Inputs, and targets of more than one number, stay in the file and are read in parts.

Nothing is believed that a file may say to reach beyond itself or to fill the memory: soft and external links, external
and virtual storage, filters that are plugins, objects and types other than plain numbers are refused. HDF5 itself may
crash or never end on a damaged file, so that a process of its own opens each one first (hdf5_trial.py).
"""

import math
import os
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import finalize

import numpy as np

from nbcnn.data.conventions import CLASS_NAMES, CONVENTIONS, GROUPS, arranged
from nbcnn.data.dataset import Array, Shape, Splits
from nbcnn.data.files import open_regular, reason, refuse_beyond, refuse_truncated
from nbcnn.data.stored import Stored, block_of
from nbcnn.errors import DataError
from nbcnn.machine.confined import ConfinedError, confined

ENDINGS = (".h5", ".hdf5")
FILTERS = {1: "gzip", 2: "shuffle", 3: "fletcher32", 32000: "lzf"}
"""Those that come with h5py, by HDF5's number; any other would load a library that the file names."""
LARGEST_CHUNK = 256 << 20
"""Bytes; HDF5 unpacks a chunk as one piece."""
_ALL = (GROUPS, *CONVENTIONS)


def load_file(path: Path, input_shape: Shape | None) -> Splits:
    """The data set in an HDF5 file; raises DataError for a damaged file and for names that fit no convention."""
    open_regular(path).close()  # HDF5 would wait for a named pipe for ever
    _refuse_harmful(path)
    arrays, listed = read_arrays(path)
    return arranged(arrays, _ALL, path, input_shape, listed)


def _refuse_harmful(path: Path) -> None:
    """Raises DataError where a process that opens the file fails, crashes or goes beyond its limits."""
    try:
        refusal = confined("nbcnn.data.hdf5_trial", str(path.absolute()), str(path))
    except ConfinedError as error:
        raise DataError(f"{path}: HDF5 cannot open the file ({error}); it is damaged, copy or write it again") from None
    except OSError:  # a system without room for a process is no reason to refuse the file
        return
    if refusal:
        raise DataError(refusal)


def read_arrays(path: Path) -> tuple[dict[str, Array | Stored], str]:
    """What the file holds under names that are known, and a list of its members; raises DataError."""
    import h5py

    wanted = [name for row in _ALL for names in row for name in names]
    arrays: dict[str, Array | Stored] = {}
    try:
        file = h5py.File(path, "r")
        for name in (*wanted, CLASS_NAMES):
            dataset = _member(file, name, f"{path} {name}")
            if dataset is not None:
                arrays[name] = _array(dataset, name, path)
        listed = f"it holds {', '.join(map(str, islice(file, 10)))}"
    except DataError:
        raise
    except MemoryError:
        raise DataError(f"{path}: there is not enough memory for what the file holds; use a smaller data set") from None
    # h5py answers damage with OSError, RuntimeError, KeyError, TypeError, ValueError and more; all mean the same.
    except Exception as error:
        raise DataError(f"{path}: not a readable HDF5 file ({reason(error)}); copy or write it again") from None
    return arrays, listed


def _member(file: Any, name: str, place: str) -> Any:
    """The dataset of this name, None where there is none; raises DataError for what leads elsewhere."""
    import h5py

    here = file
    for part in name.split("/"):
        link = here.get(part, getlink=True) if isinstance(here, h5py.Group) else None
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise DataError(
                f"{place}: a dataset in the file itself is expected, {part} is a link; store the data there"
            )
        here = here[part]
    if not isinstance(here, h5py.Dataset):
        raise DataError(f"{place}: a dataset is expected, received a {type(here).__name__.lower()}; store an array")
    return here


def _array(dataset: Any, name: str, path: Path) -> Array | Stored:
    """A dataset, left in the file unless it holds one number a sample, or names."""
    place = f"{path} {name}"
    dtype, shape = dataset.dtype, dataset.shape
    kinds = "S" if name == CLASS_NAMES else "biuf"
    if dtype.kind not in kinds or dtype.subdtype is not None or dtype.hasobject:
        what = "fixed-length strings" if name == CLASS_NAMES else "plain numbers"
        cure = 'numpy.array([...], dtype="S")' if name == CLASS_NAMES else ".astype"
        raise DataError(f"{place}: an array of {what} is expected, received {dtype}; convert it with {cure}")
    if not shape or 0 in shape:  # without numbers, an axis could be as long as it likes
        raise DataError(
            f"{place}: an array of numbers with an axis of samples is expected, received shape {shape}; store one"
        )
    _refuse_elsewhere(dataset, place)
    size = os.stat(path).st_size
    declared = math.prod(shape) * dtype.itemsize
    offset, chunks = dataset.id.get_offset(), dataset.chunks
    stored = min(dataset.id.get_storage_size(), size - (offset or 0))
    is_packed = chunks is not None and dataset.id.get_create_plist().get_nfilters() > 0
    is_held = name == CLASS_NAMES or math.prod(shape[1:]) == 1
    # A chunk at an edge is stored whole, so without a filter the store is not smaller than the data.
    (refuse_beyond if is_held else refuse_truncated)(declared, stored, is_packed, place)
    if chunks is not None and math.prod(chunks) * dtype.itemsize > LARGEST_CHUNK:
        raise DataError(
            f"{place}: chunks of at most {LARGEST_CHUNK} bytes are expected, received {chunks} of {dtype}; write the "
            "file with chunks of a few samples"
        )
    if is_held:
        return np.asarray(dataset[...])
    numbers = np.arange(len(dataset), dtype=np.int64)
    chunk = 1 if chunks is None else chunks[0]
    block = block_of(shape, dtype, chunk)
    if offset is None:
        return Stored(shape, dtype, _Chunks(dataset, place), numbers, block, chunk)
    contiguous = _Contiguous(path, offset, shape, dtype, place)
    return Stored(shape, dtype, contiguous.read, numbers, block, fill=contiguous.fill)


def _refuse_elsewhere(dataset: Any, place: str) -> None:
    plist = dataset.id.get_create_plist()
    if dataset.is_virtual or dataset.external is not None:
        raise DataError(f"{place}: data in the file itself are expected, they lie in other files; copy them into it")
    for number in range(plist.get_nfilters()):
        code = plist.get_filter(number)[0]
        if code not in FILTERS:
            raise DataError(
                f"{place}: no filter, or {', '.join(FILTERS.values())}, is expected, received filter {code}; write the "
                "file without it"
            )


class _Contiguous:
    """Reads samples that lie one after the other, without HDF5: it would hold on to Python's lock meanwhile."""

    def __init__(self, path: Path, offset: int, shape: Shape, dtype: np.dtype[Any], place: str) -> None:
        self._file = open_regular(path)
        self._offset, self._shape, self._dtype, self._place = offset, shape[1:], dtype, place
        self._bytes = math.prod(shape[1:]) * dtype.itemsize
        self._lock = Lock()
        finalize(self, self._file.close)

    def read(self, start: int, stop: int) -> Array:
        samples = np.empty((stop - start, *self._shape), self._dtype)
        self.fill(samples, start)
        return samples

    def fill(self, samples: Array, start: int) -> None:
        stop = start + len(samples)
        try:
            with self._lock:
                self._file.seek(self._offset + start * self._bytes)
                count = self._file.readinto(samples.reshape(-1).view(np.uint8).data)
        except OSError as error:
            raise _unreadable(self._place, start, stop, error) from None
        if count < samples.nbytes:
            raise _unreadable(self._place, start, stop, EOFError("the file ends before them"))


class _Chunks:
    """Reads samples by HDF5, which finds and unpacks their chunks."""

    def __init__(self, dataset: Any, place: str) -> None:
        self._dataset, self._place = dataset, place

    def __call__(self, start: int, stop: int) -> Array:
        try:
            return np.asarray(self._dataset[start:stop])
        except Exception as error:  # as for the file, of many kinds
            raise _unreadable(self._place, start, stop, error) from None


def _unreadable(place: str, start: int, stop: int, error: Exception) -> DataError:
    return DataError(f"{place}: samples {start} to {stop - 1} cannot be read ({reason(error)}); copy or write it again")
