"""The arrays of a weights file: how keys become paths, and what may stand under each path."""

import math
import re
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from nbcnn.errors import WeightsError
from nbcnn.weights.guard import TYPES, check_members, open_group, read_array
from nbcnn.weights.snapshot import Arrays

# None: the file has no such section.
Sections = dict[str, Arrays | None]
# Key, type and shape of each array of a section.
Described = list[tuple[str, str, tuple[int, ...]]]

# Layer names as specs allow them, dots separating repeats, then the parameter's: a name is never a path. An
# optimiser's arrays have the name of their slot before that.
KEY = r"[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*\.[A-Za-z][A-Za-z0-9_]*"
KEYS = {
    "parameters": re.compile(KEY),
    "buffers": re.compile(KEY),
    "optimizer": re.compile(r"[A-Za-z][A-Za-z0-9_]*/" + KEY),
}
DTYPES = {"parameters": {"float32"}, "buffers": {"float32"}, "optimizer": set(TYPES)}
LONGEST_KEY = 255


def describe(sections: Sections) -> dict[str, list[Any] | None]:
    """Key, type and shape of every array, for the file's attribute `arrays`; raises ValueError for what may not be."""
    described: dict[str, list[Any] | None] = {}
    for section, arrays in sections.items():
        for key, array in (arrays or {}).items():
            if not _is_allowed(section, key, array.dtype.name):
                raise ValueError(f"{section} cannot hold {array.dtype} as {key!r}")
        described[section] = (
            None if arrays is None else [[key, array.dtype.name, array.shape] for key, array in arrays.items()]
        )
    return described


def expected_sections(described: Any, size: int, place: str) -> dict[str, Described | None]:
    """What `describe` wrote, checked: allowed keys and types, and no more bytes than the file's `size`.

    Raises WeightsError.
    """
    if not isinstance(described, dict) or list(described) != list(KEYS):
        raise WeightsError(f"{place}: arrays are expected to be described by section; use another file")
    expected: dict[str, Described | None] = {}
    total = 0
    for section, entries in described.items():
        if entries is None and section == "optimizer":
            expected[section] = None
            continue
        expected[section] = [(key, dtype, tuple(shape)) for key, dtype, shape in entries]
        keys = [key for key, _, _ in entries]
        if len(set(keys)) < len(keys):
            raise WeightsError(f"{place}: every array is expected once in {section}; use another file")
        for key, dtype, shape in entries:
            if not _is_allowed(section, key, dtype) or not all(type(n) is int and n >= 0 for n in shape):
                raise WeightsError(f"{place}: {section} cannot hold {dtype!r:.50} as {key!r:.300}; use another file")
            total += math.prod(shape) * np.dtype(dtype).itemsize
    if total > size:
        raise WeightsError(f"{place}: the arrays are declared with {total} bytes, the file holds {size}; use another")
    return expected


def _is_allowed(section: str, key: str, dtype: str) -> bool:
    return dtype in DTYPES[section] and len(key) <= LONGEST_KEY and KEYS[section].fullmatch(key) is not None


def write_section(group: h5py.Group, arrays: Arrays) -> None:
    """Stores "conv1.weight" as conv1/weight and "momentum/conv1.weight" as momentum/conv1/weight."""
    for key, array in arrays.items():
        owner, _, name = key.rpartition(".")
        group.require_group(owner).create_dataset(name, data=little_endian(array))


def read_section(group: h5py.Group, expected: Described, place: str) -> Arrays:
    """The arrays of a section by key, in the order expected; raises WeightsError for a member too many or too few."""
    tree: dict[str, Any] = {}
    for key, dtype, shape in expected:
        owner, _, name = key.rpartition(".")
        branch = tree
        for part in owner.split("/"):
            branch = branch.setdefault(part, {})
        branch[name] = (key, dtype, shape)
    arrays: Arrays = {}
    _read_branch(group, tree, place, arrays)
    return {key: arrays[key] for key, _, _ in expected}


def _read_branch(group: h5py.Group, tree: dict[str, Any], place: str, arrays: Arrays) -> None:
    check_members(group, tree, 0, place)
    for name, branch in tree.items():
        if isinstance(branch, dict):
            _read_branch(open_group(group, name, place), branch, f"{place}/{name}", arrays)
        else:
            key, dtype, shape = branch
            arrays[key] = read_array(group, name, dtype, shape, place)


def little_endian(array: NDArray[Any]) -> NDArray[Any]:
    """The array as the file holds it: contiguous, little-endian, and with its own shape even if that is ()."""
    return np.asarray(array, array.dtype.newbyteorder("<"), order="C")
