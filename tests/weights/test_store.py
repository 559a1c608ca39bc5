import dataclasses
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nbcnn.errors import NbcnnError, WeightsError
from nbcnn.weights import Snapshot, check_fits, store


def assert_same(first, second):
    for section in ("parameters", "buffers", "optimizer"):
        a, b = getattr(first, section), getattr(second, section)
        assert (a is None) == (b is None)
        assert list(a or ()) == list(b or ())
        for key in a or ():
            assert a[key].dtype == b[key].dtype
            assert a[key].shape == b[key].shape
            assert a[key].tobytes() == b[key].tobytes()
    for part in ("spec", "classes", "normalization", "provenance", "trainer"):
        assert getattr(first, part) == getattr(second, part)


def test_what_is_saved_is_loaded(snapshot, tmp_path):
    store.save(tmp_path / "last.h5", snapshot)
    loaded = store.load(tmp_path / "last.h5")
    assert_same(loaded, snapshot)
    assert loaded.versions["numpy"] == np.__version__
    assert all(array.flags.writeable for array in loaded.parameters.values())


def test_the_smallest_snapshot(tmp_path):
    store.save(tmp_path / "a.h5", Snapshot(spec={}, parameters={}))
    assert_same(store.load(tmp_path / "a.h5"), Snapshot(spec={}, parameters={}))


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}(\.[0-9]{1,2})?\.[a-z][a-z_0-9]{0,8}", fullmatch=True)
FLOATS = hnp.arrays(np.float32, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    parameters=st.dictionaries(NAMES, FLOATS, max_size=5),
    buffers=st.dictionaries(NAMES, FLOATS, max_size=2),
    optimizer=st.none()
    | st.dictionaries(
        st.tuples(st.sampled_from(["momentum", "exp_avg"]), NAMES).map("/".join),
        FLOATS,
        max_size=3,
    ),
    spec=st.dictionaries(st.text(), JSON, max_size=3),
    trainer=st.none() | st.dictionaries(st.text(), JSON, max_size=3),
    classes=st.lists(st.text(), max_size=3).map(tuple),
)
def test_any_snapshot_is_read_back(parameters, buffers, optimizer, spec, trainer, classes):
    written = Snapshot(
        spec=spec, parameters=parameters, buffers=buffers, classes=classes, optimizer=optimizer, trainer=trainer
    )
    assert_same(store.unpack(store.pack(written), "here"), written)


def test_the_same_snapshot_gives_the_same_bytes(snapshot):
    assert store.pack(snapshot) == store.pack(snapshot)


def test_plain_h5py_reads_a_weight(snapshot, tmp_path):
    store.save(tmp_path / "model.h5", snapshot)
    with h5py.File(tmp_path / "model.h5") as file:
        np.testing.assert_array_equal(file["parameters/conv1/weight"][...], snapshot.parameters["conv1.weight"])
        assert b'"out_channels":2' in file.attrs["spec"]


def test_the_layout_of_arrays_in_memory_does_not_matter(snapshot):
    weight = snapshot.parameters["conv1.weight"]
    other = dataclasses.replace(
        snapshot, parameters=snapshot.parameters | {"conv1.weight": np.asfortranarray(weight.astype(">f4"))}
    )
    assert store.pack(other) == store.pack(snapshot)


def test_a_large_spec_is_kept():
    spec = {"layers": [{"type": "conv", "name": f"conv{i}", "padding": [[1, 1], [1, 1]]} for i in range(5000)]}
    assert store.unpack(store.pack(Snapshot(spec=spec, parameters={})), "here").spec == spec


@pytest.mark.parametrize(
    "changes",
    [
        {"parameters": {"conv1.weight": np.zeros(3)}},
        {"parameters": {"conv1.weight": np.array([object()])}},
        {"parameters": {"../conv1.weight": np.zeros(3, np.float32)}},
        {"parameters": {"conv1/x.weight": np.zeros(3, np.float32)}},
        {"parameters": {"..weight": np.zeros(3, np.float32)}},
        {"parameters": {"weight": np.zeros(3, np.float32)}},
        {"parameters": {"a" * 300 + ".weight": np.zeros(3, np.float32)}},
        {"optimizer": {"conv1.weight": np.zeros(3, np.float32)}},
        {"optimizer": {"momentum/conv1.weight": np.zeros(3)}},
        {"trainer": {"loss": float("nan")}},
    ],
)
def test_what_the_format_cannot_hold_is_refused_while_saving(snapshot, tmp_path, changes):
    with pytest.raises(ValueError):
        store.save(tmp_path / "model.h5", dataclasses.replace(snapshot, **changes))
    assert os.listdir(tmp_path) == []


def test_the_previous_file_is_kept(snapshot, tmp_path):
    path, previous = tmp_path / "last.h5", tmp_path / "previous.h5"
    store.save(path, snapshot, keep_previous=previous)
    store.save(path, dataclasses.replace(snapshot, trainer={"epoch": 4}), keep_previous=previous)
    assert store.load(path).trainer == {"epoch": 4}
    assert store.load(previous).trainer == snapshot.trainer


def test_a_full_disk_leaves_the_old_file(snapshot, tmp_path, monkeypatch):
    path = tmp_path / "last.h5"
    store.save(path, snapshot)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(NbcnnError, match="last.h5: .*No space left on device"):
            store.save(path, dataclasses.replace(snapshot, trainer={"epoch": 4}))
    assert_same(store.load(path), snapshot)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_device_is_no_place_for_weights(snapshot):
    with pytest.raises(NbcnnError, match="/dev/full: a regular file is expected"):
        store.save(store.Path("/dev/full"), snapshot)


def test_weights_that_fit(snapshot, network):
    check_fits(snapshot, network, "model.h5")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"parameters": {"conv1.weight": np.zeros((8, 1, 3, 3), np.float32)}},
            r'model.h5: layer "conv1": a weight of shape \(2, 1, 3, 3\) is expected, received \(8, 1, 3, 3\); use',
        ),
        ({"parameters": {"conv9.weight": np.zeros(1, np.float32)}}, 'layer "conv9": the network has no weight there'),
        ({"buffers": {"bn1.mean": np.zeros(1, np.float32)}}, 'layer "bn1": the network has no mean there'),
        (
            {"normalization": {"mean": [0.0] * 3, "std": [1.0] * 3}},
            "normalization of 1 channels is expected, received 3",
        ),
        ({"classes": tuple("abcde")}, "at most 4 class labels .*received 5"),
    ],
)
def test_weights_of_another_network_name_the_layer_and_both_shapes(snapshot, network, changes, message):
    if "parameters" in changes:
        changes = {"parameters": snapshot.parameters | changes["parameters"]}
    with pytest.raises(WeightsError, match=message):
        check_fits(dataclasses.replace(snapshot, **changes), network, "model.h5")


def test_a_missing_parameter_is_named(snapshot, network):
    parameters = {key: array for key, array in snapshot.parameters.items() if key != "stage1.2.conv-a_b.bias"}
    with pytest.raises(
        WeightsError, match=r'layer "stage1.2.conv-a_b": a bias of shape \(2,\) is expected, received none'
    ):
        check_fits(dataclasses.replace(snapshot, parameters=parameters), network, "model.h5")


def test_reading_weights_loads_no_h5py():
    code = "import sys, nbcnn.weights.store; sys.exit(bool({'numba', 'h5py'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
