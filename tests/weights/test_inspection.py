"""What is told of whole and of damaged weights files."""

import json
import random
from dataclasses import replace

import h5py
import numpy as np
import pytest

from nbcnn.errors import WeightsError
from nbcnn.machine import confined
from nbcnn.network import build
from nbcnn.spec import parse
from nbcnn.weights import Snapshot, initialise, inspection, store
from nbcnn.weights.initialise import initial_buffers
from nbcnn.weights.inspection import inspect
from nbcnn.weights.seal import BLOCK, read_table, reseal

SPEC = {
    "name": "small",
    "input": {"shape": [1, 8, 8]},
    "layers": [
        {"type": "conv", "name": "conv1", "out_channels": 4, "kernel_size": 3},
        {"type": "batch_norm", "name": "norm"},
        {"type": "flatten"},
        {"type": "linear", "name": "out", "out_features": 3},
    ],
}


@pytest.fixture(scope="module")
def saved():
    network = build(parse(SPEC))
    parameters = initialise(network, 0)
    return Snapshot(
        network.spec.resolved(),
        parameters,
        initial_buffers(network),
        classes=("cat", "dog", "cow"),
        normalization={"mean": [0.1], "std": [0.3]},
        provenance={"epoch": 3},
        optimizer={f"momentum/{key}": array for key, array in parameters.items()},
        trainer={"epoch": 4, "step": 7},
    )


@pytest.fixture
def path(saved, tmp_path):
    store.save(tmp_path / "last.h5", saved)
    return tmp_path / "last.h5"


@pytest.fixture
def no_process(monkeypatch):
    """HDF5 is not asked; damaged files do without."""

    def fail(*_):
        raise AssertionError

    monkeypatch.setattr(inspection, "confined", fail)


def test_a_whole_file(path, saved):
    found = inspect(path)
    assert found.whole and found.sealed and found.damage == found.differences == ()
    assert (found.spec, found.classes, found.progress) == (saved.spec, saved.classes, saved.trainer)
    assert (found.name, found.input_shape) == ("small", (1, 8, 8))
    assert (found.normalization, found.provenance) == (saved.normalization, saved.provenance)
    assert found.versions["h5py"] == h5py.__version__
    assert [(each.section, each.key) for each in found.arrays] == [
        *(("parameters", key) for key in saved.parameters),
        *(("buffers", key) for key in saved.buffers),
        *(("optimizer", key) for key in saved.optimizer),
    ]
    weight = saved.parameters["conv1.weight"]
    first = found.arrays[0]
    assert (first.shape, first.dtype, first.sound, first.not_finite) == (weight.shape, "float32", True, 0)
    assert (first.minimum, first.maximum) == (weight.min(), weight.max())
    np.testing.assert_allclose([first.mean, first.std], [weight.mean(), weight.std()], rtol=1e-5)
    assert json.loads(json.dumps(found.as_dict(), allow_nan=False))["arrays"][0]["shape"] == [4, 1, 3, 3]


def test_numbers_that_are_not_finite_are_counted(path, saved):
    weight = np.array([1, np.nan, np.inf, 3], np.float32)
    store.save(path, replace(saved, parameters=saved.parameters | {"norm.weight": weight}))
    found = {each.key: each for each in inspect(path).arrays if each.section == "parameters"}["norm.weight"]
    assert (found.minimum, found.maximum, found.mean, found.std, found.not_finite) == (1, 3, 2, 1, 2)
    store.save(path, replace(saved, parameters=saved.parameters | {"norm.weight": np.full(4, np.nan, np.float32)}))
    found = {each.key: each for each in inspect(path).arrays if each.section == "parameters"}["norm.weight"]
    assert (found.minimum, found.mean, found.not_finite, found.sound) == (None, None, 4, True)


def test_of_a_file_with_one_damaged_array_the_others_are_sound(path, no_process):
    data = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        data[file["parameters/out/weight"].id.get_offset() + 5] ^= 1
    path.write_bytes(data)
    found = inspect(path)
    assert not found.whole and not found.sealed
    assert found.damage == (
        "the content does not match the file's own SHA-256",
        "parameters out.weight does not match its SHA-256",
    )
    assert [each.key for each in found.arrays if not each.sound] == ["out.weight"]
    assert found.classes == ("cat", "dog", "cow")


@pytest.mark.parametrize("name", ["format", "spec", "classes", "versions", "arrays", "state"])
def test_of_a_file_with_one_damaged_text_the_rest_is_told(path, no_process, name):
    data = bytearray(path.read_bytes())
    place = read_table(bytes(data[:BLOCK]))[name]
    data[place.offset + place.length - 2] ^= 1
    path.write_bytes(data)
    found = inspect(path)
    assert f"{name} does not match its SHA-256" in found.damage
    assert len(found.arrays) == 14 and all(each.sound for each in found.arrays)
    assert sum(part is None for part in (found.spec, found.classes, found.versions, found.progress)) == (
        name in ("spec", "classes", "versions", "state")
    )


def test_without_its_first_sector_the_arrays_are_found_by_their_checksums(path, no_process):
    data = path.read_bytes()
    path.write_bytes(bytes(BLOCK) + data[BLOCK:])
    found = inspect(path)
    assert len(found.arrays) == 14 and all(each.sound for each in found.arrays)
    assert found.spec is None and "the first 8 bytes are not those of a weights file" in found.damage


def test_of_a_file_cut_short_all_before_the_cut_is_sound(path, no_process):
    with h5py.File(path) as file:
        end = file["parameters/out/weight"].id.get_offset()
    path.write_bytes(path.read_bytes()[:end])
    found = inspect(path)
    sound = [each.key for each in found.arrays if each.sound]
    assert sound[:2] == ["conv1.weight", "conv1.bias"] and len(sound) < len(found.arrays)
    assert found.classes == ("cat", "dog", "cow")


def test_damage_that_only_hdf5_sees_is_told_to_be_there(path, no_process):
    data = bytearray(path.read_bytes())
    data[data.index(b"OHDR") + 4] ^= 1
    path.write_bytes(data)
    assert inspect(path).damage[1] == "all texts and arrays are sound: the damage is in what HDF5 alone reads"


def test_what_only_other_programs_find_is_told(path):
    with h5py.File(path, "r+") as file:
        file["parameters/out/weight2"] = h5py.ExternalLink("/etc/passwd", "/")
    data = bytearray(path.read_bytes())
    reseal(data)
    path.write_bytes(data)
    found = inspect(path)
    assert found.damage == () and not found.whole
    assert "/parameters/out: 2 members are expected, HDF5 finds 3" in found.differences


def test_a_file_that_crashes_hdf5_is_told_to(path, monkeypatch):
    def crash(*_):
        raise confined.ConfinedError("it crashes with SIGSEGV")

    monkeypatch.setattr(inspection, "confined", crash)
    assert inspect(path).differences == ("HDF5 cannot read the file: it crashes with SIGSEGV",)


def test_a_file_that_does_not_fit_its_own_spec(path, saved):
    other = {key: array for key, array in saved.parameters.items() if key != "out.bias"}
    store.save(path, replace(saved, parameters=other, optimizer=None))
    assert 'layer "out": a bias of shape (3,) is expected, received none' in inspect(path).damage[0]


@pytest.mark.parametrize(
    "spec", [{}, {"input": 5, "layers": 7, "name": []}, {"input": {"shape": "x"}, "layers": [None]}]
)
def test_a_sound_spec_that_describes_no_network(path, saved, spec):
    store.save(path, replace(saved, spec=spec))
    found = inspect(path)
    assert found.damage[0].startswith("spec: ") and found.input_shape is None and found.spec == spec


@pytest.mark.parametrize("content", [b"", b"nbcnn", b"PK\x03\x04" + bytes(3000), bytes(5000), b"nbcnn\r\n\x1a" * 100])
def test_what_is_no_weights_file(tmp_path, content):
    path = tmp_path / "model.h5"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"model\.h5: "):
        inspect(path)


def test_any_damage_is_told(path, no_process):
    whole = path.read_bytes()
    generator = random.Random(0)
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(generator.choice((1, 8, 100))):
            data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        path.write_bytes(data[: generator.choice((len(data), generator.randrange(len(data) // 2, len(data))))])
        assert not inspect(path).whole
