"""Damaged files, and files made to do harm, always give a WeightsError: never a crash, a hang or wrong numbers."""

import dataclasses
import hashlib
import io
import json
import random
import struct

import h5py
import numpy as np
import pytest

from nbcnn.errors import WeightsError
from nbcnn.weights import Snapshot, store
from nbcnn.weights.seal import BLOCK, LAYOUT, MAGIC, sealed


@pytest.fixture(scope="module")
def whole(snapshot):
    return store.pack(snapshot)


def refused(data):
    with pytest.raises(WeightsError) as caught:
        store.unpack(data, "model.h5")
    assert str(caught.value).startswith("model.h5")
    return str(caught.value)


def test_every_truncation_is_refused(whole):
    for length in (*range(600), *range(600, len(whole), 97), len(whole) - 1):
        refused(whole[:length])
    assert f"{len(whole)} bytes are expected, the file holds {len(whole) - 7}" in refused(whole[:-7])
    assert f"the file holds {len(whole) + 1}" in refused(whole + b"x")


def test_every_flipped_bit_of_3000_is_refused(whole):
    generator = random.Random(0)
    for _ in range(3000):
        damaged = bytearray(whole)
        damaged[generator.randrange(len(whole))] ^= 1 << generator.randrange(8)
        refused(bytes(damaged))


def flip_and_reseal(whole, snapshot, count, seed):
    """HDF5's parser sees the damage here: by its checksums or by our digest, nothing wrong may come through."""
    generator = random.Random(seed)
    for _ in range(count):
        damaged = bytearray(whole)
        for _ in range(generator.choice((1, 1, 2, 8))):
            damaged[generator.randrange(BLOCK, len(whole))] = generator.randrange(256)
        try:
            loaded = store.unpack(sealed(bytes(damaged)), "model.h5")
        except WeightsError:
            continue
        for key, array in snapshot.parameters.items():
            np.testing.assert_array_equal(loaded.parameters[key], array)
        assert (loaded.spec, loaded.trainer, loaded.classes) == (snapshot.spec, snapshot.trainer, snapshot.classes)


def test_damage_under_a_valid_seal_is_refused_or_harmless(whole, snapshot):
    flip_and_reseal(whole, snapshot, 1500, 1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_more_damage_under_a_valid_seal_is_refused_or_harmless(whole, snapshot, seed):
    flip_and_reseal(whole, snapshot, 5000, 100 + seed)


@pytest.mark.slow
def test_every_flipped_byte_is_refused(whole):
    for position in range(len(whole)):
        for mask in (0x01, 0x80, 0xFF):
            damaged = bytearray(whole)
            damaged[position] ^= mask
            refused(bytes(damaged))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a weights file"),
        (MAGIC, "at least 512 bytes are expected, the file holds 8"),
        (b"PK\x03\x04" + bytes(1000), "not a weights file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(1000), "HDF5 file was not written by nbcnn"),
        (sealed(bytes(2000)), "breaks the rules of its format"),
        (sealed(bytes(BLOCK)), "breaks the rules of its format"),
    ],
)
def test_files_of_other_kinds(content, message):
    assert message in refused(content)


def tampered(whole, change):
    """The file after `change(h5py.File)`, with a valid seal."""
    image = io.BytesIO(whole)
    with h5py.File(image, "r+", libver="latest") as file:
        change(file)
    return sealed(image.getvalue())


PATH = "parameters/conv1/weight"


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


def text(name, value, owner="/"):
    def change(file):
        file[owner].attrs.create(name, np.bytes_(value))

    return change


def group_in_place_of_array(file):
    del file[PATH]
    file.create_group(PATH)


def array_in_place_of_group(file):
    del file["parameters/conv1"]
    file["parameters/conv1"] = np.zeros(3, "<f4")


def circle(file):
    del file["parameters/conv1"]
    file["parameters/conv1"] = file["parameters"]


def arrays(change):
    def edit(file):
        described = json.loads(file.attrs["arrays"])
        change(described)
        file.attrs.create("arrays", np.bytes_(json.dumps(described)))

    return edit


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (linked(h5py.ExternalLink("other.h5", "/")), "/parameters/conv1/weight: .*link elsewhere"),
        (linked(h5py.SoftLink("/parameters/linear1/weight")), "/parameters/conv1/weight: .*link elsewhere"),
        (linked(h5py.SoftLink("/nowhere")), "link elsewhere"),
        (
            lambda file: file.__setitem__("trainer2", h5py.ExternalLink("other.h5", "/")),
            "4 members .* holds 5",
        ),
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
        (replaced(shape=(18,)), "shape"),
        (replaced(shape=()), "shape"),
        (replaced(shape=None, dtype=None, data=h5py.Empty("<f4")), "shape|bytes"),
        (replaced(), "72 bytes are expected, the file holds 0"),
        (replaced(data=np.ones((2, 1, 3, 3), "<f4")), "does not match its digest"),
        (group_in_place_of_array, "an array is expected"),
        (array_in_place_of_group, "a group is expected"),
        (circle, "members are expected"),
        (lambda file: file.__delitem__(PATH), "2 members are expected, the file holds 1"),
        (lambda file: file.__delitem__("parameters"), "members are expected"),
        (lambda file: file.move(PATH, "parameters/conv1/other"), "a member weight is expected"),
        (lambda file: file.create_group("extra"), "members are expected"),
        (lambda file: file["parameters/conv1"].create_dataset("extra", data=1), "members are expected"),
        (text("extra", b"x"), "9 attributes are expected, the file holds 10"),
        (text("extra", b"x", PATH), "0 attributes are expected"),
        (text("extra", b"x", "parameters/conv1"), "0 attributes are expected"),
        (text("spec", b'{"name":"other"}'), "does not match its digest"),
        (text("state", b'{"epoch":9}', "trainer"), "does not match its digest"),
        (text("digest", b"0" * 64), "does not match its digest"),
        (text("format", b"other"), "nbcnn weights version 1 is expected, received 'other version 1'"),
        (text("format_version", b"2"), "received 'nbcnn weights version 2'"),
        (lambda file: file.attrs.__delitem__("spec"), "an attribute spec is expected"),
        (lambda file: file.attrs.create("spec", "variable length"), "fixed length"),
        (lambda file: file.attrs.create("spec", 7), "fixed length"),
        (lambda file: file.attrs.create("spec", np.array([b"{}", b"{}"])), "one string"),
        (lambda file: file.attrs.create("spec", h5py.Empty("S9")), "one string"),
        (text("spec", b"\xff"), "breaks the rules"),
        (text("arrays", b"[" * 100_000), "breaks the rules"),
        (text("arrays", b"1" * 10_000), "breaks the rules"),
        (text("arrays", b"null"), "described by section"),
        (text("arrays", b'{"parameters":null,"buffers":[],"optimizer":null}'), "breaks the rules"),
        (arrays(lambda d: d["parameters"][0].__setitem__(2, [10**9, 10**9])), "declared with 4000000000000000"),
        (arrays(lambda d: d["parameters"][0].__setitem__(2, [-1])), "cannot hold"),
        (arrays(lambda d: d["parameters"][0].__setitem__(2, [True])), "cannot hold"),
        (arrays(lambda d: d["parameters"][0].__setitem__(1, "object")), "cannot hold"),
        (arrays(lambda d: d["parameters"][0].__setitem__(0, "../../x.y")), "cannot hold"),
        (arrays(lambda d: d["parameters"].append(d["parameters"][0])), "once"),
        (arrays(lambda d: d["parameters"].pop()), "members are expected"),
        (arrays(lambda d: d["parameters"].reverse()), "does not match its digest"),
    ],
)
def test_files_that_another_program_changed(whole, change, message):
    with pytest.raises(WeightsError, match=message):
        store.unpack(tampered(whole, change), "model.h5")


@pytest.mark.parametrize(
    "changes",
    [
        {"spec": []},
        {"classes": {"a": 1}},
        {"classes": (1, 2)},
        {"normalization": {"mean": [0.0]}},
        {"normalization": {"mean": [0.0], "std": [0.0]}},
        {"normalization": {"mean": [0.0], "std": [-1.0]}},
        {"normalization": {"mean": [0.0, 0.0], "std": [1.0]}},
        {"normalization": {"mean": ["0"], "std": [1.0]}},
        {"normalization": [1]},
        {"provenance": 3},
        {"trainer": []},
    ],
)
def test_parts_with_the_wrong_content_are_refused_although_the_digest_is_right(snapshot, changes):
    refused(store.pack(dataclasses.replace(snapshot, **changes)))


def test_json_that_is_none_is_refused(snapshot, whole, monkeypatch):
    monkeypatch.setattr(store.texts, "to_json", lambda value: json.dumps(value))
    nan = dataclasses.replace(snapshot, normalization={"mean": [float("nan")], "std": [1.0]})
    assert "NaN is no JSON" in refused(store.pack(nan))


def test_a_length_of_nearly_2_to_the_64_is_no_reason_to_ask_for_memory(whole):
    content = whole[BLOCK:]
    header = LAYOUT.pack(MAGIC, 2**64 - 1, hashlib.sha256(content).digest())
    assert "bytes are expected" in refused(header.ljust(BLOCK, b"\0") + content)


def test_bytes_behind_the_seal_must_be_zero(whole):
    assert "damaged" in refused(whole[: BLOCK - 1] + b"x" + whole[BLOCK:])


def test_a_superblock_that_points_elsewhere_is_refused():
    whole = store.pack(Snapshot(spec={}, parameters={}))
    for offset in range(BLOCK + 8, BLOCK + 48, 4):
        for value in (0, 1, 512, 2**31, 2**32 - 1):
            damaged = bytearray(whole)
            damaged[offset : offset + 4] = struct.pack("<I", value)
            if damaged != whole:
                refused(sealed(bytes(damaged)))
