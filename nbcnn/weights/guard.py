"""The one gate between HDF5 and this library: every member of a file is looked at here before it is read.

HDF5 can point outside its file (external and soft links, external storage, virtual data sets), run code (filters) and
crash on damage (variable-length types). None of it is needed for weights, so that none of it is let through: a member
is a hard link to a group or to a contiguous, unfiltered array of exactly the type and shape expected. Members and
attributes are counted, so that nothing beside the expected ones is there.
"""

from collections.abc import Collection
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from nbcnn.errors import WeightsError

TYPES = {
    "float32": h5py.h5t.IEEE_F32LE,
    "float64": h5py.h5t.IEEE_F64LE,
    "int64": h5py.h5t.STD_I64LE,
}


def check_members(group: h5py.Group, members: Collection[str], attributes: int, place: str) -> None:
    """Raises WeightsError unless the group holds hard links of exactly these names and so many attributes."""
    _check_attributes(group, attributes, place)
    if group.id.get_num_objs() != len(members):
        raise WeightsError(f"{place}: {len(members)} members are expected, the file holds {group.id.get_num_objs()}")
    for name in members:
        if not group.id.links.exists(name.encode()):
            raise WeightsError(f"{place}: a member {name} is expected, the file lacks it")
        if group.id.links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:
            raise WeightsError(f"{place}/{name}: a member of this file is expected, the file holds a link elsewhere")


def open_group(parent: h5py.Group, name: str, place: str) -> h5py.Group:
    """A group that `check_members` has passed as a link; raises WeightsError where it is something else."""
    group = parent[name]
    if not isinstance(group, h5py.Group):
        raise WeightsError(f"{place}/{name}: a group is expected, the file holds something else")
    return group


def read_array(parent: h5py.Group, name: str, dtype: str, shape: tuple[int, ...], place: str) -> NDArray[Any]:
    """An array that `check_members` has passed as a link; raises WeightsError unless it is stored as expected."""
    place = f"{place}/{name}"
    dataset = parent[name]
    if not isinstance(dataset, h5py.Dataset):
        raise WeightsError(f"{place}: an array is expected, the file holds something else")
    _check_attributes(dataset, 0, place)
    storage = dataset.id.get_create_plist()
    if storage.get_layout() != h5py.h5d.CONTIGUOUS or storage.get_external_count() or storage.get_nfilters():
        raise WeightsError(f"{place}: contiguous storage within the file is expected, without filters")
    if not dataset.id.get_type().equal(TYPES[dtype]):
        raise WeightsError(f"{place}: little-endian {dtype} is expected, the file holds another type")
    space = dataset.id.get_space()
    if not space.is_simple() or space.get_simple_extent_dims() != shape:
        raise WeightsError(f"{place}: shape {shape} is expected, the file holds another")
    array = np.empty(shape, dtype)
    if dataset.id.get_storage_size() != array.nbytes:
        raise WeightsError(
            f"{place}: {array.nbytes} bytes are expected, the file holds {dataset.id.get_storage_size()}"
        )
    dataset.id.read(h5py.h5s.ALL, h5py.h5s.ALL, array)
    return array


def read_text(owner: h5py.Group, name: str, place: str) -> str:
    """A text attribute, stored with a fixed length; raises WeightsError for any other attribute."""
    if not h5py.h5a.exists(owner.id, name.encode()):
        raise WeightsError(f"{place}: an attribute {name} is expected, the file lacks it")
    attribute = h5py.h5a.open(owner.id, name.encode())
    kind = attribute.get_type()
    if not isinstance(kind, h5py.h5t.TypeStringID) or kind.is_variable_str():
        raise WeightsError(f"{place}: attribute {name} is expected to be a string of fixed length")
    if attribute.get_space().get_simple_extent_type() != h5py.h5s.SCALAR:
        raise WeightsError(f"{place}: attribute {name} is expected to be one string")
    if attribute.get_storage_size() != kind.get_size():
        raise WeightsError(f"{place}: attribute {name} is expected to hold {kind.get_size()} bytes")
    text = np.empty((), f"S{kind.get_size()}")
    attribute.read(text)
    return bytes(text[()]).decode("ascii")


def _check_attributes(owner: h5py.Group | h5py.Dataset, count: int, place: str) -> None:
    if (held := h5py.h5a.get_num_attrs(owner.id)) != count:
        raise WeightsError(f"{place}: {count} attributes are expected, the file holds {held}")
