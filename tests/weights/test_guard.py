"""What other programs find by HDF5 in a file is what this library reads, or it is told, or the file refused."""

import io
import re
from dataclasses import replace

import h5py
import numpy as np
import pytest

from nbcnn.errors import WeightsError
from nbcnn.weights import store
from nbcnn.weights.guard import MOST, differences
from nbcnn.weights.seal import BLOCK, read_table, reseal, seal

PATH = "parameters/conv1/weight"


@pytest.fixture(scope="module")
def whole(snapshot):
    return store.pack(snapshot)


def tampered(whole, change):
    """The file after `change(h5py.File)`, with a valid seal."""
    image = io.BytesIO(whole)
    with h5py.File(image, "r+", libver="latest") as file:
        change(file)
    changed = bytearray(image.getvalue())
    reseal(changed)
    return changed


def replaced(**options):
    def change(file):
        del file[PATH]
        file.create_dataset(PATH, **({"shape": (2, 1, 3, 3), "dtype": "<f4"} | options))

    return change


def linked(link):
    def change(file):
        del file[PATH]
        file[PATH] = link

    return change


def virtual(file):
    layout = h5py.VirtualLayout((2, 1, 3, 3), "<f4")
    layout[...] = h5py.VirtualSource("other.h5", "data", (2, 1, 3, 3))
    del file[PATH]
    file.create_virtual_dataset(PATH, layout)


def swapped(file):
    file.move(PATH, "other")
    file.move("parameters/linear1/weight", PATH)
    file.move("other", "parameters/linear1/weight")


def text(name, value, owner="/"):
    def change(file):
        file[owner].attrs.create(name, value)

    return change


def group_in_place_of_array(file):
    del file[PATH]
    file.create_group(PATH)


def array_in_place_of_group(file):
    del file["parameters/conv1"]
    file["parameters/conv1"] = np.zeros(3, "<f4")


def hidden(file):
    file.move("parameters/conv1", "hidden")
    file["parameters/conv1"] = np.zeros(3, "<f4")


def circle(file):
    del file["parameters/conv1"]
    file["parameters/conv1"] = file["parameters"]


CHANGES = [
    (linked(h5py.ExternalLink("other.h5", "/")), "/parameters/conv1/weight: .*link elsewhere"),
    (linked(h5py.SoftLink("/parameters/linear1/weight")), "/parameters/conv1/weight: .*link elsewhere"),
    (linked(h5py.SoftLink("/nowhere")), "link elsewhere"),
    (lambda file: file.__setitem__("trainer2", h5py.ExternalLink("other.h5", "/")), "4 members .* finds 5"),
    (virtual, "contiguous storage"),
    (replaced(external=[("other.bin", 0, 72)]), "contiguous storage"),
    (replaced(chunks=(1, 1, 3, 3)), "contiguous storage"),
    (replaced(chunks=(1, 1, 3, 3), compression="gzip"), "contiguous storage"),
    (replaced(chunks=(1, 1, 3, 3), maxshape=(None, 1, 3, 3)), "contiguous storage"),
    (replaced(dtype="<f8"), "little-endian float32"),
    (replaced(dtype=">f4"), "little-endian float32"),
    (replaced(dtype="<i4"), "little-endian float32"),
    (replaced(dtype=h5py.string_dtype()), "little-endian float32"),
    (replaced(dtype=h5py.vlen_dtype(np.float32)), "little-endian float32"),
    (replaced(dtype=h5py.ref_dtype), "little-endian float32"),
    (replaced(shape=(2, 1, 3, 4)), r"shape \(2, 1, 3, 3\) is expected"),
    (replaced(shape=()), "shape"),
    (replaced(shape=None, dtype=None, data=h5py.Empty("<f4")), "shape"),
    (replaced(), "bytes are expected at"),
    (swapped, "shape"),
    (group_in_place_of_array, "an array is expected"),
    (hidden, "/parameters/conv1: a group is expected, HDF5 finds something else"),
    (circle, "members are expected"),
    (lambda file: file.__delitem__(PATH), "2 members are expected, HDF5 finds 1"),
    (lambda file: file.__delitem__("parameters"), "members are expected"),
    (lambda file: file.move(PATH, "parameters/conv1/other"), "weight: HDF5 finds no such member"),
    (lambda file: file["parameters/conv1"].create_dataset("extra", data=1), "members are expected"),
    (text("extra", np.bytes_(b"x"), PATH), "0 attributes are expected"),
    (text("extra", np.bytes_(b"x"), "parameters/conv1"), "0 attributes are expected"),
]


@pytest.mark.parametrize(("change", "message"), CHANGES)
def test_what_another_program_changed_is_told_and_not_followed(whole, snapshot, tmp_path, change, message):
    path = tmp_path / "model.h5"
    path.write_bytes(tampered(whole, change))
    found = differences(path)
    assert any(re.search(message, each) for each in found), found
    loaded = store.load(path)
    for key, array in snapshot.parameters.items():
        np.testing.assert_array_equal(loaded.parameters[key], array)


# HDF5 takes the place of what it lets go: bytes that are read are then others.
OVERWRITTEN = [
    replaced(data=np.ones((2, 1, 3, 3), "<f4")),
    array_in_place_of_group,
    text("extra", np.bytes_(b"x")),
    text("spec", np.bytes_(b'{"name":"other"}')),
    text("format_version", np.bytes_(b"2")),
    lambda file: file.attrs.__delitem__("spec"),
    text("spec", "of variable length"),
    text("spec", 7),
    text("state", np.bytes_(b'{"epoch":9}'), "trainer"),
]


@pytest.mark.parametrize("change", OVERWRITTEN)
def test_what_another_program_wrote_over_is_refused(whole, tmp_path, change):
    path = tmp_path / "model.h5"
    path.write_bytes(tampered(whole, change))
    with pytest.raises(WeightsError, match="does not match its SHA-256; the file is damaged or was changed"):
        store.load(path)


def with_its_texts(whole, changed):
    """The changed file with the texts of the whole one behind its end, where its table then has them."""
    table, image = {}, bytearray(changed)
    for name, place in read_table(whole[:BLOCK]).items():
        table[name] = replace(place, offset=len(image))
        image += whole[place.offset : place.offset + place.length]
    with memoryview(image) as view:
        seal(view, table)
    return image


def longer(file):
    file.attrs.create("spec", np.bytes_(file.attrs["spec"] + b" "))


def other(name, owner="/"):
    """Another text of the same length, on a file or group."""

    def change(file):
        file[owner].attrs.modify(name, np.bytes_(file[owner].attrs[name][:-1] + b" "))

    return change


def in_a_list(file):
    file.attrs.create("spec", np.array([file.attrs["spec"]]))


ATTRIBUTES = [
    (text("extra", np.bytes_(b"x")), "^/: 8 attributes are expected, HDF5 finds 9$"),
    (lambda file: file.attrs.__delitem__("spec"), "^/: an attribute spec is expected, HDF5 finds none$"),
    (lambda file: file["trainer"].attrs.__delitem__("state"), "^/trainer: an attribute state is expected, .* none$"),
    (text("spec", 7), r"^/: attribute spec is expected to be a string of \d+ bytes$"),
    (text("spec", "of variable length"), "^/: attribute spec is expected to be a string of"),
    (longer, "^/: attribute spec is expected to be a string of"),
    (other("spec"), "^/: HDF5 finds another text in attribute spec$"),
    (other("state", "trainer"), "^/trainer: HDF5 finds another text in attribute state$"),
    (in_a_list, "^/: attribute spec is expected to be a string of"),
]


@pytest.mark.parametrize(("change", "message"), ATTRIBUTES)
def test_other_texts_than_this_library_reads_are_told(whole, snapshot, tmp_path, change, message):
    path = tmp_path / "model.h5"
    path.write_bytes(with_its_texts(whole, tampered(whole, change)))
    found = differences(path)
    assert any(re.search(message, each) for each in found), found
    assert store.load(path).spec == snapshot.spec


def test_an_array_whose_header_is_damaged_is_told(whole, tmp_path):
    path = tmp_path / "model.h5"
    with h5py.File(io.BytesIO(whole), "r") as file:
        header = BLOCK + h5py.h5o.get_info(file[PATH].id).addr
    changed = bytearray(whole)
    changed[header + 6] ^= 1
    reseal(changed)
    path.write_bytes(changed)
    (found,) = differences(path)
    assert found.startswith(f"/{PATH}: HDF5 cannot read it (")


def test_long_texts_whose_store_is_damaged_are_told(snapshot, tmp_path):
    path = tmp_path / "model.h5"
    changed = bytearray(store.pack(replace(snapshot, spec={"name": "x" * 100_000})))
    changed[changed.index(b"FRHP") + 8] ^= 1  # the header of HDF5's heap
    reseal(changed)
    path.write_bytes(changed)
    assert any(each.startswith("/: HDF5 cannot read attribute spec (") for each in differences(path))


def test_no_more_than_twenty_lines_are_told(whole, tmp_path):
    def change(file):
        file["optimizer"].visititems(lambda _, each: each.attrs.create("extra", np.bytes_(b"x")))

    path = tmp_path / "model.h5"
    path.write_bytes(tampered(whole, change))
    assert len(differences(path)) == MOST


@pytest.mark.parametrize("name", ["spec", "state"])
def test_of_a_text_that_is_damaged_nothing_is_told(whole, tmp_path, name):
    path = tmp_path / "model.h5"
    changed, table = bytearray(whole), read_table(whole[:BLOCK])
    with memoryview(changed) as view:
        seal(view, table | {name: replace(table[name], checksum=bytes(32))})
    path.write_bytes(changed)
    assert differences(path) == []


def test_other_programs_find_the_same_in_a_file_that_nobody_changed(whole, tmp_path):
    path = tmp_path / "model.h5"
    path.write_bytes(whole)
    assert differences(path) == []
