"""Damaged files, and files made to do harm, always give a WeightsError: never a crash, a hang or wrong numbers."""

import dataclasses
import json
import random
import tracemalloc

import numpy as np
import pytest

from nbcnn.errors import WeightsError
from nbcnn.weights import Snapshot, store
from nbcnn.weights.held import MOST_TEXT
from nbcnn.weights.seal import BLOCK, MAGIC, TEXTS, Place, checksum, read_table, reseal, seal


@pytest.fixture(scope="module")
def whole(snapshot):
    return store.pack(snapshot)


def refused(data):
    with pytest.raises(WeightsError) as caught:
        store.unpack(bytes(data), "model.h5")
    assert str(caught.value).startswith("model.h5")
    return str(caught.value)


def resealed(data):
    image = bytearray(data)
    reseal(image)
    return image


def with_table(data, change):
    """The file with entries of its table changed, under a valid seal."""
    image = bytearray(data)
    with memoryview(image) as view:
        seal(view, read_table(data[:BLOCK]) | change)
    return image


def with_text(data, name, content):
    """The file with another text, which stands at its end, under valid checksums."""
    return with_table(data + content, {name: Place(len(data), len(content), checksum(content))})


def with_arrays(change):
    """The file with another list of arrays."""

    def edit(data):
        place = read_table(data[:BLOCK])["arrays"]
        described = json.loads(data[place.offset : place.offset + place.length])
        change(described)
        return with_text(data, "arrays", json.dumps(described).encode())

    return edit


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
        refused(damaged)


def assert_harmless(data, snapshot):
    """The content is refused, or what was saved: damage may be where this library does not look."""
    try:
        loaded = store.unpack(bytes(data), "model.h5")
    except WeightsError:
        return
    for section in ("parameters", "buffers", "optimizer"):
        arrays, expected = getattr(loaded, section), getattr(snapshot, section)
        assert arrays.keys() == expected.keys()
        for key, array in expected.items():
            np.testing.assert_array_equal(arrays[key], array)
    assert (loaded.spec, loaded.trainer, loaded.classes) == (snapshot.spec, snapshot.trainer, snapshot.classes)


def flip_and_reseal(whole, snapshot, count, seed):
    generator = random.Random(seed)
    for _ in range(count):
        damaged = bytearray(whole)
        for _ in range(generator.choice((1, 1, 2, 8))):
            damaged[generator.randrange(40, len(whole))] = generator.randrange(256)
        assert_harmless(resealed(damaged), snapshot)


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
            refused(damaged)


def test_every_byte_that_is_read_has_a_checksum_of_its_own(whole):
    """Under a valid seal, damage in a text or an array is named."""
    table = read_table(whole[:BLOCK])
    for name in TEXTS:
        damaged = bytearray(whole)
        damaged[table[name].offset] ^= 1
        assert f"{name} does not match its SHA-256" in refused(resealed(damaged))
    place = table["arrays"]
    described = json.loads(whole[place.offset : place.offset + place.length])
    for section, entries in described.items():
        for key, _, offset, _ in entries:
            damaged = bytearray(whole)
            damaged[offset] ^= 1
            assert f"{section} {key} does not match its SHA-256" in refused(resealed(damaged))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a weights file"),
        (MAGIC, "at least 512 bytes are expected, the file holds 8"),
        (b"PK\x03\x04" + bytes(1000), "not a weights file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(1000), "HDF5 file was not written by nbcnn"),
        (resealed(bytes(2000)), "nbcnn weights version 1 is expected, received ' version '"),
        (resealed(bytes(BLOCK)), "nbcnn weights version 1 is expected"),
    ],
)
def test_files_of_other_kinds(content, message):
    assert message in refused(content)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: with_text(data, "format", b"other"), "version 1 is expected, received 'other version 1'"),
        (lambda data: with_text(data, "format_version", b"2"), "received 'nbcnn weights version 2'"),
        (lambda data: with_text(data, "spec", b""), "breaks the rules"),
        (lambda data: with_text(data, "spec", b"\xff"), "breaks the rules"),
        (lambda data: with_text(data, "arrays", b"[" * 100_000), "breaks the rules"),
        (lambda data: with_text(data, "provenance", b'{"a":' + b"[" * 60 + b"]" * 60 + b"}"), "more than 50 lists"),
        (lambda data: with_text(data, "arrays", b"1" * 10_000), "breaks the rules"),
        (lambda data: with_text(data, "arrays", b"null"), "described by section"),
        (
            lambda data: with_text(data, "arrays", b'{"parameters":null,"buffers":[],"optimizer":null}'),
            "breaks the rules",
        ),
        (lambda data: with_text(data, "normalization", b'{"mean":[NaN],"std":[1]}'), "NaN is no JSON"),
        (lambda data: with_table(data, {"spec": Place(2**64 - 1, 100, bytes(32))}), "spec does not match"),
        (lambda data: with_table(data, {"spec": Place(600, 2**64 - 1, bytes(32))}), f"at most {MOST_TEXT} bytes"),
        (lambda data: with_table(data, {"spec": Place(600, MOST_TEXT, bytes(32))}), f"at most {MOST_TEXT} bytes"),
        (with_arrays(lambda d: d["parameters"][0].__setitem__(1, [10**9, 10**9])), "declared with 4000000000000000"),
        (with_arrays(lambda d: d["parameters"][0].__setitem__(1, [0, 10**30])), "does not match"),
        (with_arrays(lambda d: d["parameters"][0].__setitem__(1, [-1])), "cannot hold"),
        (with_arrays(lambda d: d["parameters"][0].__setitem__(1, [True])), "cannot hold"),
        (with_arrays(lambda d: d["parameters"][0].__setitem__(1, [1.0])), "cannot hold"),
        (with_arrays(lambda d: d["parameters"][0].__setitem__(1, [1] * 100)), "does not match|breaks the rules"),
        (with_arrays(lambda d: d["parameters"][0].__setitem__(2, -4)), "cannot hold"),
        (with_arrays(lambda d: d["parameters"][0].__setitem__(2, 10**30)), "declared with 72 bytes from 1000"),
        (with_arrays(lambda d: d["parameters"][0].__setitem__(2, 513)), "declared with 72 bytes from 513"),
        (with_arrays(lambda d: d["parameters"][0].__setitem__(2, 1024)), "conv1.weight does not match its SHA-256"),
        (with_arrays(lambda d: d["parameters"][0].__setitem__(3, "0" * 64)), "conv1.weight does not match"),
        (with_arrays(lambda d: d["parameters"][0].__setitem__(3, None)), "conv1.weight does not match"),
        (with_arrays(lambda d: d["parameters"][0].__setitem__(0, "../../x.y")), "cannot hold"),
        (with_arrays(lambda d: d["parameters"][0].__setitem__(0, "conv1/weight.x")), "cannot hold"),
        (with_arrays(lambda d: d["parameters"].append(d["parameters"][0])), "once"),
        (with_arrays(lambda d: d["parameters"][0].pop()), "breaks the rules"),
        (with_arrays(lambda d: d.pop("buffers")), "described by section"),
        (lambda data: resealed(data + bytes(2 << 20)), "bytes are expected besides, the file holds"),
    ],
)
def test_files_that_were_made_to_do_harm(whole, change, message):
    with pytest.raises(WeightsError, match=message):
        store.unpack(bytes(change(whole)), "model.h5")


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
def test_parts_with_the_wrong_content_are_refused_although_the_checksums_are_right(snapshot, changes):
    refused(store.pack(dataclasses.replace(snapshot, **changes)))


def test_a_text_s_declared_length_is_no_reason_to_ask_for_memory(whole):
    data = with_table(whole, {name: Place(600, MOST_TEXT // 9, bytes(32)) for name in TEXTS})
    tracemalloc.start()
    try:
        refused(data)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_bytes_behind_the_table_must_be_zero(whole):
    assert "damaged" in refused(whole[: BLOCK - 1] + b"x" + whole[BLOCK:])


def test_arrays_of_another_shape_than_the_network_s_are_not_read(network):
    """A file that declares gigabytes, and holds them, is refused at the cost of its texts."""
    parameters = {
        f"{node.name}.{name}": np.zeros(parameter.shape, np.float32)
        for node in network.layers
        for name, parameter in node.parameters.items()
    }
    data = store.pack(Snapshot(spec={}, parameters=parameters | {"linear1.weight": np.zeros((1 << 12, 1 << 12), "f4")}))
    tracemalloc.start()
    try:
        with pytest.raises(WeightsError, match=r"shape \(4, 2\) is expected, received \(4096, 4096\)"):
            store.unpack(data, "model.h5", network)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (
            {"momentum/conv1.weight": (2, 1, 3, 4)},
            r"momentum of conv1.weight .* \(2, 1, 3, 3\), received \(2, 1, 3, 4\)",
        ),
        ({"momentum/conv9.weight": (1,)}, "an array that the network has"),
        ({f"slot{i}/conv1.bias": (2,) for i in range(9)}, "at most 8 arrays .* received 9"),
    ],
)
def test_an_optimiser_keeps_no_more_than_the_network_calls_for(snapshot, network, optimizer, message):
    arrays = {key: np.zeros(shape, np.float32) for key, shape in optimizer.items()}
    data = store.pack(dataclasses.replace(snapshot, optimizer=arrays))
    store.unpack(data, "last.h5")
    with pytest.raises(WeightsError, match=message):
        store.unpack(data, "last.h5", network)
