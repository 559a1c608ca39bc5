import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbcnn import data
from nbcnn.errors import DataError

IMAGES = np.arange(6 * 4 * 5, dtype=np.uint8).reshape(6, 4, 5)
LABELS = np.array([0, 1, 2, 0, 1, 2])


@pytest.fixture
def save(tmp_path):
    def write(compressed=False, **arrays):
        path = tmp_path / "data.npz"
        (np.savez_compressed if compressed else np.savez)(path, **arrays)
        return path

    return write


def load(path, **options):
    return data.load(path.name, base=path.parent, **options)


@pytest.mark.parametrize("compressed", [False, True])
def test_the_parts_of_an_archive(save, compressed):
    path = save(
        compressed,
        x_train=IMAGES,
        y_train=LABELS,
        x_test=IMAGES[:3],
        y_test=LABELS[:3, np.newaxis],
        class_names=np.array(["cat", "dog", "é"]),
        note=np.array("read by no one"),
    )
    splits = load(path, input_shape=(1, 4, 5))
    np.testing.assert_array_equal(splits.train.inputs, IMAGES[:, np.newaxis])
    np.testing.assert_array_equal(splits.test.targets, LABELS[:3])
    assert splits.validation is None
    assert splits.classes == ("cat", "dog", "é")


@pytest.mark.parametrize("names", [("train_images", "train_labels"), ("x", "y"), ("images", "labels")])
def test_other_conventions(save, names):
    splits = load(save(**dict(zip(names, (IMAGES, LABELS), strict=True))))
    assert len(splits.train) == 6
    assert splits.test is splits.validation is None
    assert splits.classes == ("0", "1", "2")


def test_a_validation_part(save):
    assert len(load(save(x_train=IMAGES, y_train=LABELS, x_val=IMAGES[:2], y_val=LABELS[:2])).validation) == 2


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<f2"])
def test_floats_become_native_float32(save, dtype):
    splits = load(save(x_train=np.asfortranarray(IMAGES.astype(dtype)), y_train=LABELS.astype(">i2")))
    assert splits.train.inputs.dtype == np.float32
    assert splits.train.inputs.flags.c_contiguous
    np.testing.assert_array_equal(splits.train.inputs, IMAGES)
    assert splits.train.targets.dtype == np.int64


def test_maps_of_classes_and_numbers_are_targets_too(save):
    maps = np.arange(6 * 4 * 5).reshape(6, 4, 5) % 3
    maps[0, 0, 0] = 255
    splits = load(save(x_train=IMAGES, y_train=maps.astype(np.uint8)))
    assert splits.train.targets.dtype == np.int64 and splits.classes == ()
    np.testing.assert_array_equal(splits.train.targets, maps)
    numbers = np.asfortranarray(np.random.default_rng(0).normal(size=(6, 2, 3)))
    splits = load(save(x_train=IMAGES, y_train=numbers, class_names=np.array(["left", "right"])))
    assert splits.train.targets.dtype == np.float32 and splits.classes == ("left", "right")
    np.testing.assert_array_equal(splits.train.targets, numbers.astype(np.float32))


def test_channels_last_are_moved_to_the_front_where_the_network_says_so(save):
    images = np.random.default_rng(0).integers(0, 256, (6, 4, 5, 3), np.uint8)
    path = save(x_train=images, y_train=LABELS)
    np.testing.assert_array_equal(load(path, input_shape=(3, 4, 5)).train.inputs, images.transpose(0, 3, 1, 2))
    assert load(path).train.inputs.shape == images.shape


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": IMAGES}, "x_train and y_train are expected"),
        ({"x_train": IMAGES}, "y_train is missing"),
        ({"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES}, "y_test is missing"),
        ({"x_train": IMAGES, "y_train": LABELS[:5]}, r"received 5 labels for inputs of shape \(6, 4, 5\)"),
        ({"x_train": IMAGES, "y_train": LABELS + 10**15}, "below 65536 .* received 1000000000000002"),
        ({"x_train": IMAGES, "y_train": LABELS.astype(str)}, "labels are expected as integers"),
        ({"x_train": IMAGES, "y_train": np.array(3)}, r"received int64 of shape \(\)"),
        ({"x_train": IMAGES, "y_train": np.where(LABELS == 2, np.nan, 1.0)}, "targets .* finite, sample 2"),
        ({"x_train": IMAGES, "y_train": np.zeros((6, 0))}, r"targets of shape \(6, 0\)"),
        ({"x_train": IMAGES.astype(int), "y_train": LABELS}, "uint8 .* received int64"),
        ({"x_train": IMAGES[:0], "y_train": LABELS[:0]}, "at least one sample"),
        ({"x_train": np.full((6, 4, 5), np.nan), "y_train": LABELS}, "finite, sample 0"),
        ({"x_train": np.full((6, 4, 5), 1e300), "y_train": LABELS}, "finite, sample 0"),
        ({"x_train": IMAGES, "y_train": LABELS, "class_names": np.array(["a", "b"])}, "below 2 .* received 2"),
        ({"x_train": IMAGES, "y_train": LABELS, "class_names": np.arange(3)}, "strings"),
        ({"x_train": np.array([object()] * 6), "y_train": LABELS}, "plain numbers"),
        ({"x_train": np.zeros(6, [("a", "f4")]), "y_train": LABELS}, "plain numbers"),
    ],
)
def test_arrays_that_are_no_data_set_are_refused(save, arrays, message):
    with pytest.raises(DataError, match=message):
        load(save(**arrays))


def archive(header=None, content=b"", method=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name in ("x_train", "y_train"):
            member = io.BytesIO()
            if header is None:
                np.save(member, LABELS)
            else:
                np.lib.format.write_array_header_1_0(member, header)
            file.writestr(f"{name}.npy", member.getvalue() + content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a readable .npz file"),
        (b"PK\x03\x04" + bytes(100), "not a readable .npz file"),
        (
            archive({"shape": (10**9, 10**9), "fortran_order": False, "descr": "|u1"}),
            "declares 1000000000000000000 bytes",
        ),
        (
            archive({"shape": (10**9,), "fortran_order": False, "descr": "|u1"}, b"", zipfile.ZIP_DEFLATED),
            "declares 1000000000 bytes of data, the .* at most",
        ),
        (
            archive({"shape": (60,), "fortran_order": False, "descr": "|u1"}, bytes(50)),
            "60 bytes of data, the file holds 50",
        ),
        (
            archive({"shape": (60,), "fortran_order": False, "descr": "|u1"}, bytes(70)),
            "60 bytes of data, the file holds more",
        ),
        (archive({"shape": (-1,), "fortran_order": False, "descr": "|u1"}), "sizes of at least 0"),
        (archive(method=zipfile.ZIP_LZMA), "savez"),
    ],
)
def test_files_that_are_no_archive_of_arrays_are_refused(tmp_path, content, message):
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        load(path)


@settings(max_examples=300)
@given(position=st.integers(0, 10**6), mask=st.integers(1, 255), compressed=st.booleans())
def test_a_damaged_byte_gives_the_same_arrays_or_a_data_error(tmp_path_factory, position, mask, compressed):
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, x_train=IMAGES, y_train=LABELS)
    damaged = bytearray(buffer.getvalue())
    damaged[position % len(damaged)] ^= mask
    path = tmp_path_factory.mktemp("npz") / "data.npz"
    path.write_bytes(damaged)
    try:
        splits = load(path)
    except DataError:
        return
    np.testing.assert_array_equal(splits.train.inputs, IMAGES)
    np.testing.assert_array_equal(splits.train.targets, LABELS)
