"""What another program finds in a weights file by HDF5: it should be what this library reads there without HDF5.

HDF5 can point outside its file (external and soft links, external storage, virtual data sets), run code (filters) and
crash on damage. None of it is needed for weights: a member is a hard link to a group or to a contiguous, unfiltered
array of little-endian float32, of the shape and at the place that the file's list of arrays has, and nothing is there
besides. This runs in a process of its own, since it has HDF5 parse a file that may have been made to do harm.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nbcnn.machine.confined import confine
from nbcnn.weights.files import open_regular
from nbcnn.weights.sections import Entry, Manifest
from nbcnn.weights.sound import Sound, read_sound

if TYPE_CHECKING:
    import h5py

MOST = 20
"""Differences that are told."""


def differences(path: Path) -> list[str]:
    """What HDF5 finds in a file without damage that this library does not read, or not there; at most 20 lines.

    Raises WeightsError for a file that cannot be opened, and whatever h5py raises where HDF5 cannot make sense of it.
    """
    import h5py

    with open_regular(path) as opened:
        sound = read_sound(opened, str(path))
    with h5py.File(path, "r") as file:
        return list(islice(_root(file, sound), MOST))


def _root(file: "h5py.File", sound: Sound) -> Iterator[str]:
    texts = dict(sound.texts)
    state = texts.pop("state")
    yield from _attributes(file, texts, "")
    tree = _tree(sound.manifest or {})
    yield from _members(file, tree if state == "" else {**tree, "trainer": {}}, "", {"/trainer": {"state": state}})


def _tree(manifest: Manifest) -> dict[str, Any]:
    """Members by name: a dictionary for a group, and for an array its entry."""
    tree: dict[str, Any] = {}
    for section, entries in manifest.items():
        if entries is None:
            continue
        tree[section] = {}
        for key, entry in entries.items():
            owner, _, name = key.rpartition(".")
            branch = tree[section]
            for part in owner.split("/"):
                branch = branch.setdefault(part, {})
            branch[name] = entry
    return tree


def _members(
    group: "h5py.Group", tree: dict[str, Any], place: str, attributes: Mapping[str, Mapping[str, str | None]]
) -> Iterator[str]:
    import h5py

    if (held := group.id.get_num_objs()) != len(tree):
        yield f"{place or '/'}: {len(tree)} members are expected, HDF5 finds {held}"
    for name, branch in tree.items():
        inner = f"{place}/{name}"
        try:
            if not group.id.links.exists(name.encode()):
                yield f"{inner}: HDF5 finds no such member"
            elif group.id.links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:
                yield f"{inner}: a member of this file is expected, HDF5 finds a link elsewhere"
            elif isinstance(branch, Entry):
                yield from _array(group[name], branch, inner)
            elif isinstance(member := group[name], h5py.Group):
                yield from _attributes(member, attributes.get(inner, {}), inner)
                yield from _members(member, branch, inner, attributes)
            else:
                yield f"{inner}: a group is expected, HDF5 finds something else"
        except Exception as error:  # h5py answers damage with a dozen kinds, and all mean the same
            yield f"{inner}: HDF5 cannot read it ({str(error)[:200]})"


def _array(dataset: Any, entry: Entry, place: str) -> Iterator[str]:
    import h5py

    if not isinstance(dataset, h5py.Dataset):
        yield f"{place}: an array is expected, HDF5 finds something else"
        return
    yield from _attributes(dataset, {}, place)
    storage = dataset.id.get_create_plist()
    if storage.get_layout() != h5py.h5d.CONTIGUOUS or storage.get_external_count() or storage.get_nfilters():
        yield f"{place}: contiguous storage within the file is expected, without filters, HDF5 finds another"
    elif not dataset.id.get_type().equal(h5py.h5t.IEEE_F32LE):
        yield f"{place}: little-endian float32 is expected, HDF5 finds another type"
    elif (space := dataset.id.get_space()).get_simple_extent_dims() != entry.shape or not space.is_simple():
        yield f"{place}: shape {entry.shape} is expected, HDF5 finds another"
    elif entry.nbytes and (dataset.id.get_offset(), dataset.id.get_storage_size()) != (entry.offset, entry.nbytes):
        yield f"{place}: its bytes are expected at {entry.offset}, HDF5 finds them elsewhere"


def _attributes(owner: Any, expected: Mapping[str, str | None], place: str) -> Iterator[str]:
    import h5py

    if (held := h5py.h5a.get_num_attrs(owner.id)) != len(expected):
        yield f"{place or '/'}: {len(expected)} attributes are expected, HDF5 finds {held}"
    for name, text in expected.items():
        if text is None:  # it is damaged, and what it was is not known
            continue
        try:
            if not h5py.h5a.exists(owner.id, name.encode()):
                yield f"{place or '/'}: an attribute {name} is expected, HDF5 finds none"
                continue
            attribute = h5py.h5a.open(owner.id, name.encode())
            kind = attribute.get_type()
            is_text = isinstance(kind, h5py.h5t.TypeStringID) and not kind.is_variable_str()
            if not is_text or attribute.shape != () or attribute.get_storage_size() != len(text):
                yield f"{place or '/'}: attribute {name} is expected to be a string of {len(text)} bytes"
                continue
            content = np.empty((), f"S{len(text)}")
            attribute.read(content)
            if bytes(content[()]) != text.encode():
                yield f"{place or '/'}: HDF5 finds another text in attribute {name}"
        except Exception as error:  # as above
            yield f"{place or '/'}: HDF5 cannot read attribute {name} ({str(error)[:200]})"


if __name__ == "__main__":
    confine()
    print(json.dumps(differences(Path(sys.argv[1]))))
