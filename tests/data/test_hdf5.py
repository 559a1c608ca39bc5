"""HDF5 files are read in parts, and believed in nothing that reaches beyond them."""

import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbcnn import data
from nbcnn.data import hdf5
from nbcnn.data.stored import Stored
from nbcnn.errors import DataError
from nbcnn.machine import confined

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (60, 3, 4, 5), np.uint8)
LABELS = np.arange(60) % 3


@pytest.fixture(scope="module", autouse=True)
def without_trial():
    """HDF5 opens files in this process alone, which takes less time; tests of the other one ask for `with_trial`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hdf5, "confined", lambda *_: "")
        yield


@pytest.fixture
def with_trial(monkeypatch):
    monkeypatch.setattr(hdf5, "confined", confined.confined)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.h5"


def write(path, arrays=None, options=None, **file_options):
    with h5py.File(path, "w", **file_options) as file:
        for name, array in (arrays or {"x_train": IMAGES, "y_train": LABELS}).items():
            file.create_dataset(name, data=array, **(options if options and array.ndim > 1 else {}))
    return path


def load(path, **options):
    return data.load(path.name, base=path.parent, **options)


@pytest.mark.parametrize(
    ("options", "file_options"),
    [
        ({}, {}),
        ({}, {"userblock_size": 1024}),
        ({}, {"libver": "latest"}),
        ({"chunks": (7, 3, 4, 5)}, {}),
        ({"chunks": True}, {"libver": "latest"}),
        ({"chunks": (7, 1, 3, 5), "compression": "gzip", "shuffle": True, "fletcher32": True}, {}),
        ({"chunks": (100, 3, 4, 5), "maxshape": (None, 3, 4, 5), "compression": "lzf"}, {}),
    ],
)
def test_samples_in_any_layout(path, options, file_options):
    splits = load(write(path, None, options, **file_options))
    assert isinstance(splits.train.inputs, Stored) and splits.train.is_stored
    assert splits.train.inputs.shape == (60, 3, 4, 5) and splits.train.inputs.dtype == np.uint8
    np.testing.assert_array_equal(splits.train.inputs[:], IMAGES)
    np.testing.assert_array_equal(splits.train.inputs[59], IMAGES[59])
    np.testing.assert_array_equal(splits.train.targets, LABELS)
    assert splits.classes == ("0", "1", "2") and splits.test is splits.validation is None


@settings(max_examples=50, deadline=None)
@given(indices=st.lists(st.integers(0, 59), max_size=80), block=st.integers(1, 70), chunk=st.integers(0, 70))
def test_any_samples_in_any_order(tmp_path_factory, indices, block, chunk):
    path = tmp_path_factory.mktemp("h5") / "a.h5"
    options = {"chunks": (chunk, 3, 4, 5), "maxshape": (None, 3, 4, 5)} if chunk else {}
    from dataclasses import replace

    inputs = load(write(path, None, options)).train.inputs
    inputs = replace(inputs, block=block)
    wanted = np.array(indices, np.int64)
    np.testing.assert_array_equal(inputs[wanted], IMAGES[wanted])
    np.testing.assert_array_equal(inputs.take(wanted)[::2], IMAGES[wanted][::2])


def test_splits_and_names(path):
    names = np.array(["cat", "dog", "é".encode()], "S")
    arrays = {"train/x": IMAGES, "train/y": LABELS, "test/x": IMAGES[:6], "test/y": LABELS[:6, np.newaxis]}
    splits = load(
        write(path, arrays | {"validation/x": IMAGES[6:9], "validation/y": LABELS[6:9], "class_names": names})
    )
    assert splits.classes == ("cat", "dog", "é")
    np.testing.assert_array_equal(splits.test.inputs[:], IMAGES[:6])
    np.testing.assert_array_equal(splits.test.targets, LABELS[:6])
    np.testing.assert_array_equal(splits.validation.inputs[:], IMAGES[6:9])


@pytest.mark.parametrize("names", [("x_train", "y_train"), ("train_images", "train_labels"), ("images", "labels")])
def test_the_names_of_npz_files(path, names):
    assert len(load(write(path, dict(zip(names, (IMAGES, LABELS), strict=True)))).train) == 60


@pytest.mark.parametrize("ending", [".h5", ".hdf5", ".H5"])
def test_endings(path, ending):
    assert len(load(write(path.with_suffix(ending))).train) == 60


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<f2"])
def test_channels_last_and_other_numbers_are_brought_into_form(path, dtype):
    images = np.moveaxis(IMAGES, 1, -1).astype(dtype)
    train = load(write(path, {"x": images, "y": LABELS.astype(">i2")}), input_shape=(3, 4, 5)).train
    assert train.inputs.dtype == np.float32 and train.inputs.shape == (60, 3, 4, 5)
    np.testing.assert_array_equal(train.inputs[:], IMAGES)
    assert train.targets.dtype == np.int64


def test_maps_of_classes_stay_in_the_file_too(path):
    maps = GENERATOR.integers(0, 4, (60, 4, 5), np.uint8)
    splits = load(write(path, {"x": IMAGES, "y": maps}))
    assert isinstance(splits.train.targets, Stored) and splits.classes == ()
    wanted = data.ClassNumbers(4, (4, 5), -100)
    fitted = data.fitted(splits.train, (3, 4, 5), wanted, "here")
    assert fitted.targets.dtype == np.int64
    np.testing.assert_array_equal(fitted.targets[:], maps)
    fitted = data.fitted(splits.train, (3, 4, 5), data.ClassNumbers(3, (4, 5), -100), "here")
    first = int(np.argwhere(maps == 3)[0, 0])
    with pytest.raises(DataError, match=f"labels from 0 to 2 .* received 3 at sample {first},"):
        fitted.targets[:]


def test_numbers_that_are_not_finite_are_found_when_they_are_read(path):
    images = IMAGES.astype(np.float32)
    images[41, 1, 2, 3] = np.nan
    train = load(write(path, {"x": images, "y": LABELS})).train
    train.inputs[:41]
    with pytest.raises(DataError, match="x: inputs are expected to be finite, sample 41 is not"):
        train.inputs[40:]
    with pytest.raises(DataError, match="sample 41"):
        data.statistics(train)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_statistics_are_those_of_the_array(path, dtype, monkeypatch):
    monkeypatch.setattr("nbcnn.data.channel_statistics.CHUNK", 500)
    images = IMAGES if dtype == np.uint8 else (GENERATOR.normal(1000, 1, IMAGES.shape)).astype(np.float32)
    mean, std = data.statistics(load(write(path, {"x": images, "y": LABELS})).train)
    numbers = images / 255 if dtype == np.uint8 else images.astype(np.float64)
    np.testing.assert_allclose(mean, numbers.mean(axis=(0, 2, 3)), rtol=1e-13)
    np.testing.assert_allclose(std, numbers.std(axis=(0, 2, 3)), rtol=1e-10)


def test_a_share_for_validation_stays_in_the_file(path):
    train = load(write(path)).train
    rest, validation = data.split(train, 0.2, seed=1)
    memory = data.Dataset(IMAGES, LABELS)
    for mine, theirs in zip((rest, validation), data.split(memory, 0.2, seed=1), strict=True):
        assert mine.is_stored
        np.testing.assert_array_equal(mine.inputs[:], theirs.inputs)
        np.testing.assert_array_equal(mine.targets, theirs.targets)


def soft_link(file):
    file["x"] = h5py.SoftLink("/elsewhere")


def external_link(file):
    file["x"] = h5py.ExternalLink("other.h5", "/x")


def external_group(file):
    del file["x"]
    file["train"] = h5py.ExternalLink("other.h5", "/")


def external_storage(file):
    file.create_dataset("x", (60, 4), "u1", external=[("passwords.txt", 0, 240)])


def virtual(file):
    layout = h5py.VirtualLayout((60, 4), "u1")
    layout[:] = h5py.VirtualSource("other.h5", "x", (60, 4))
    file.create_virtual_dataset("x", layout)


def objects(file):
    file.create_dataset("x", (60, 4), h5py.string_dtype())


def compound(file):
    file.create_dataset("x", (60, 4), [("a", "f4"), ("b", "i4")])


def references(file):
    file.create_dataset("x", (60, 4), h5py.ref_dtype)


def nothing(file):
    file.create_dataset("x", data=h5py.Empty("u1"))


def scalar(file):
    file["x"] = 3


def group(file):
    file.create_group("x")


def endless(file):
    """An axis that is as long as it likes, since there is nothing in it."""
    file.create_dataset("x", shape=(1 << 60, 0, 5), dtype="u1")


def never_written(file):
    file.create_dataset("x", (10**9, 3, 4, 5), "u1")


def sparse(file):
    file.create_dataset("x", (10**12, 3, 4, 5), "u1", chunks=(1, 3, 4, 5), compression="gzip")[0] = 1


def large_chunks(file):
    file.create_dataset("x", (1 << 29,), "u1", chunks=((1 << 29),), compression="gzip")[:] = 0
    file["x2"] = file["x"]


def unknown_filter(file):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((60, 4))
    plist.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
    h5py.h5d.create(file.id, b"x", h5py.h5t.NATIVE_UINT8, h5py.h5s.create_simple((60, 4)), plist)


def words(file):
    file["x"] = np.array([[b"a"] * 4] * 60, "S3")


def object_names(file):
    file["class_names"] = ["cat", "dog", "cow"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (soft_link, "x is a link"),
        (external_link, "x is a link"),
        (external_group, "train is a link"),
        (external_storage, "lie in other files"),
        (virtual, "lie in other files"),
        (objects, "plain numbers .* object"),
        (compound, "plain numbers"),
        (references, "plain numbers"),
        (nothing, "received shape None"),
        (scalar, r"received shape \(\)"),
        (group, "a dataset is expected, received a group"),
        (endless, r"an axis of samples is expected, received shape \(1152921504606846976, 0, 5\)"),
        (never_written, "declares 60000000000 bytes of data, the 0 bytes"),
        (sparse, "declares 60000000000000 bytes of data"),
        (unknown_filter, "no filter, or gzip.* received filter 32015"),
        (words, "plain numbers"),
        (object_names, "fixed-length strings .* dtype="),
    ],
)
def test_what_may_reach_beyond_the_file_is_refused(path, change, message):
    with h5py.File(path, "w") as file:
        file["y"] = LABELS
        file["x"] = IMAGES
        if change is not object_names:
            del file["x"]
            if change is external_group:
                file["x"] = IMAGES
        change(file)
    with pytest.raises(DataError, match=message):
        load(path)


def test_a_file_that_crashes_hdf5_is_refused(path, with_trial):
    """A virtual data set whose description is damaged: HDF5 2.0 crashes when it opens it."""
    path.write_bytes((Path(__file__).parent / "crashes_hdf5.h5").read_bytes())
    with pytest.raises(DataError, match="data.h5: "):
        load(path)


def test_another_process_refuses_and_accepts_as_this_one_does(path, with_trial):
    splits = load(write(path, None, {"chunks": (7, 3, 4, 5), "compression": "gzip"}))
    np.testing.assert_array_equal(splits.train.inputs[:], IMAGES)
    other = write(path.with_name("other.h5"), {"x": IMAGES, "y": IMAGES.astype(complex)})
    with pytest.raises(DataError, match="other.h5 y: an array of plain numbers is expected"):
        load(other)


@pytest.mark.parametrize("number", ["SIGSEGV", "SIGABRT"])
def test_the_end_of_the_other_process_is_told(path, monkeypatch, number):
    def crash(*_):
        raise confined.ConfinedError(f"it crashes with {number}")

    monkeypatch.setattr(hdf5, "confined", crash)
    with pytest.raises(DataError, match=rf"data.h5: HDF5 cannot open the file \(it crashes with {number}\)"):
        load(write(path))


def test_where_no_process_can_be_started_the_file_is_read_all_the_same(path, monkeypatch):
    def fail(*_):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(hdf5, "confined", fail)
    assert len(load(write(path)).train) == 60


def test_large_chunks_are_refused(path, monkeypatch):
    monkeypatch.setattr(hdf5, "LARGEST_CHUNK", 3599)
    with pytest.raises(DataError, match=r"chunks of at most 3599 bytes .* received \(60, 3, 4, 5\)"):
        load(write(path, None, {"chunks": (60, 3, 4, 5)}))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": IMAGES}, r"x_train and y_train are expected, and not found; rename yours \(it holds a\)"),
        ({"x_train": IMAGES}, "y_train is missing"),
        ({"train/x": IMAGES}, "train/y is missing"),
        ({"x": IMAGES, "y": LABELS[:5]}, "received 5 labels"),
        ({"x": IMAGES.astype(int), "y": LABELS}, "uint8 .* received int64"),
        ({"x": IMAGES[:0], "y": LABELS[:0]}, "an axis of samples is expected"),
        ({"x": IMAGES, "y": LABELS, "class_names": np.array(["a", "b"], "S")}, "below 2 .* received 2"),
    ],
)
def test_arrays_that_are_no_data_set_are_refused(path, arrays, message):
    with pytest.raises(DataError, match=message):
        load(write(path, arrays))


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n" + bytes(100), b"PK\x03\x04", bytes(10_000)])
def test_what_is_no_hdf5_file_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(DataError, match="data.h5: not a readable HDF5 file"):
        load(path)


def test_a_named_pipe_is_refused(path):
    os.mkfifo(path)
    with pytest.raises(DataError, match="a regular file is expected"):
        load(path)


@pytest.mark.parametrize("options", [{}, {"chunks": (7, 3, 4, 5), "compression": "gzip"}])
def test_a_file_cut_short_while_it_is_read(path, options):
    train = load(write(path, {"y": LABELS, "x": np.repeat(IMAGES, 40, axis=1)}, options)).train
    os.truncate(path, 9_000)
    with pytest.raises(DataError, match=r"data.h5 x: samples \d+ to \d+ cannot be read"):
        train.inputs[:]


@settings(max_examples=150, deadline=None)
@given(position=st.integers(0, 10**6), mask=st.integers(1, 255), packed=st.booleans())
def test_a_damaged_byte_gives_samples_or_a_data_error(tmp_path_factory, position, mask, packed):
    """HDF5 has no checksum over contiguous data, so other samples may come out; never a crash, never another error."""
    path = tmp_path_factory.mktemp("h5") / "data.h5"
    write(path, None, {"chunks": (7, 3, 4, 5), "compression": "gzip"} if packed else None)
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= mask
    path.write_bytes(content)
    try:
        splits = load(path)
        assert splits.train.inputs[:].shape == splits.train.inputs.shape
    except DataError:
        pass


def test_what_compresses_well_is_a_bomb_only_where_it_is_read_as_a_whole(path, monkeypatch):
    monkeypatch.setattr("nbcnn.data.files.UNSUSPECTED", 0)
    packed = {"chunks": True, "compression": "gzip"}
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=np.zeros((2000, 1, 20, 20), np.uint8), **packed)
        file["y"] = np.arange(2000) % 2
        assert file["x"].id.get_storage_size() * 200 < file["x"].nbytes
    assert len(load(path).train) == 2000
    with h5py.File(path, "a") as file:
        del file["y"]
        file.create_dataset("y", data=np.zeros(2000, np.int64), chunks=(2000,), compression="gzip")
    with pytest.raises(DataError, match="y: .* more than 200 times as many"):
        load(path)


LIMITED = """
import resource, sys
import numpy as np, h5py
from contextlib import closing
from pathlib import Path
from nbcnn import data
from nbcnn.spec import Train
from nbcnn.training import loader
loader.WINDOW_BYTES = 4 << 20
with open("/proc/self/status") as status:
    used = next(int(line.split()[1]) for line in status if line.startswith("VmData")) << 10
resource.setrlimit(resource.RLIMIT_DATA, (used + (40 << 20),) * 2)
splits = data.load(sys.argv[1], base=Path())
train, validation = data.split(splits.train, 0.1, 0)
data.statistics(train)
sum(len(inputs) for inputs, _ in validation.parts(100))
loaded = loader.Loader(train, Train(batch_size=32), threads=1)
with closing(loaded.batches(1)) as batches:
    print(sum(int(inputs[indices, 0, 0, 0].sum()) for inputs, targets, indices in batches))
try:
    splits.train.inputs[:]
except MemoryError:
    print("too large for memory")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit is Linux's")
def test_a_file_larger_than_the_memory_there_is(path):
    """80 MB of images within 40 MB: split, normalised, validated and trained on, and too large to be held."""
    with h5py.File(path, "w") as file:
        file["y"], ones = np.arange(1600) % 4, np.ones((400, 1, 250, 200), np.uint8)
        images = file.create_dataset("x", (1600, 1, 250, 200), np.uint8)
        for start in range(0, 1600, 400):
            images[start : start + 400] = ones
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert run.stdout.split("\n")[:2] == ["1440", "too large for memory"], run.stderr
