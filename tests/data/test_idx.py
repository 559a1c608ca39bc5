import contextlib
import gzip
import os
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nbcnn import data
from nbcnn.data import files, idx
from nbcnn.errors import DataError


@given(
    array=st.sampled_from(["u1", "i1", "i2", "i4", "f4", "f8"]).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(max_dims=4, max_side=4))
    ),
    packed=st.booleans(),
)
def test_any_array_is_read_back(array, packed, to_idx, tmp_path_factory):
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(gzip.compress(to_idx(array)) if packed else to_idx(array))
    read = idx.read(path)
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


@pytest.fixture
def image_file(tmp_path, to_idx):
    def write(content=None, cut=0, packed=False, extra=b""):
        path = tmp_path / "images"
        content = to_idx(np.arange(60, dtype=np.uint8).reshape(3, 4, 5)) if content is None else content
        content = content[: len(content) - cut] + extra
        path.write_bytes(gzip.compress(content) if packed else content)
        return path

    return write


@pytest.mark.parametrize("packed", [False, True])
def test_a_truncated_file_names_both_sizes(image_file, packed):
    with pytest.raises(DataError, match=r"60 bytes of data, the .*5[37]"):
        idx.read(image_file(cut=7, packed=packed))


def test_a_truncated_gzip_stream_names_both_sizes(image_file, to_idx):
    noise = np.random.default_rng(0).integers(0, 256, (100, 30, 30), np.uint8)
    path = image_file(to_idx(noise), packed=True)
    path.write_bytes(path.read_bytes()[:40_000])
    with pytest.raises(DataError, match=r"declares 90000 bytes of data, the (file holds|40000 bytes) .*truncated"):
        idx.read(path)


@pytest.mark.parametrize("packed", [False, True])
def test_bytes_beyond_the_declared_ones_are_refused(image_file, packed):
    with pytest.raises(DataError, match="declares 60 bytes of data, the file holds more"):
        idx.read(image_file(packed=packed, extra=b"x"))


@pytest.mark.parametrize("start", [b"\0\1\x08\3", b"\0\0\x07\3", b"\0\0\x08\0", b"\0\0\x08\xff", b"\x89PNG"])
def test_a_wrong_magic_number_is_shown(image_file, start):
    with pytest.raises(DataError, match=f"begins with 00 00.*received {start.hex(' ')}"):
        idx.read(image_file(start + bytes(100)))


@pytest.mark.parametrize("length", range(16))
def test_a_truncated_header_is_refused(image_file, to_idx, length):
    with pytest.raises(DataError, match="header"):
        idx.read(image_file(to_idx(np.zeros((3, 4, 5), np.uint8))[:length]))


@pytest.mark.parametrize("packed", [False, True])
def test_a_huge_declared_size_is_refused_before_memory_is_asked_for(image_file, packed):
    with pytest.raises(DataError, match="declares 79228162458924105385300197375 bytes of data, the .* hold at most"):
        idx.read(image_file(b"\0\0\x08\3" + b"\xff" * 12 + bytes(50), packed=packed))


def test_more_than_the_memory_of_the_machine_is_refused(image_file, monkeypatch):
    monkeypatch.setattr(files, "machine_memory", lambda: 59)
    with pytest.raises(DataError, match="60 bytes of data, this machine has 59"):
        idx.read(image_file())


def test_a_gzip_bomb_is_read_no_further_than_declared(image_file):
    with pytest.raises(DataError, match="holds more"):
        idx.read(image_file(b"\0\0\x08\1" + struct.pack(">I", 100) + bytes(50_000_000), packed=True))


def test_every_damaged_byte_of_a_gzip_file_is_noticed_or_harmless(image_file):
    path = image_file(packed=True)
    whole = path.read_bytes()
    expected = idx.read(path)
    refused = 0
    for position in range(len(whole)):
        for mask in (0x01, 0x80, 0xFF):
            damaged = bytearray(whole)
            damaged[position] ^= mask
            path.write_bytes(damaged)
            try:
                np.testing.assert_array_equal(idx.read(path), expected)
            except DataError:
                refused += 1
    assert refused > 2 * len(whole)


@given(st.binary(max_size=60))
def test_any_bytes_give_an_array_or_a_data_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(content)
    with contextlib.suppress(DataError):
        idx.read(path)


def test_what_is_no_regular_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        idx.read(tmp_path / "missing")
    with pytest.raises(DataError, match="regular file is expected"):
        idx.read(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "fifo")
        with pytest.raises(DataError, match="regular file is expected"):
            idx.read(tmp_path / "fifo")


def test_a_folder_of_idx_files_is_a_source(idx_folder):
    folder, arrays = idx_folder
    splits = data.load("idx", base=folder.parent, input_shape=(1, 4, 5))
    np.testing.assert_array_equal(splits.train.inputs[:, 0], arrays["train-images-idx3-ubyte"])
    np.testing.assert_array_equal(splits.test.targets, arrays["t10k-labels-idx1-ubyte"])
    assert splits.train.inputs.dtype == np.uint8
    assert splits.classes == tuple("01234")
    assert data.load(str(folder)).test.inputs.shape == (10, 1, 4, 5)


def test_plain_files_and_dotted_names_are_found(idx_folder, to_idx):
    folder, arrays = idx_folder
    for path in list(folder.iterdir()):
        name = path.name.removesuffix(".gz")
        path.unlink()
        (folder / name.replace("-idx", ".idx")).write_bytes(to_idx(arrays[name]))
    assert len(data.load(str(folder)).train) == 20


def test_a_plain_file_is_preferred_to_a_compressed_one(idx_folder, to_idx):
    folder, _ = idx_folder
    (folder / "train-labels-idx1-ubyte").write_bytes(to_idx(np.full(20, 3, np.uint8)))
    assert (data.load(str(folder)).train.targets == 3).all()


def test_the_test_part_may_be_missing_but_no_half_of_a_part(idx_folder):
    folder, _ = idx_folder
    (folder / "t10k-images-idx3-ubyte.gz").unlink()
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte .*is expected in this folder"):
        data.load(str(folder))
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    assert data.load(str(folder)).test is None
    (folder / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match="train-labels-idx1-ubyte .*is expected in this folder"):
        data.load(str(folder))


def test_different_counts_of_images_and_labels_are_shown(idx_folder, to_idx):
    folder, _ = idx_folder
    (folder / "train-labels-idx1-ubyte").write_bytes(to_idx(np.zeros(19, np.uint8)))
    with pytest.raises(DataError, match=r"train-labels-idx1-ubyte: .*19 labels for inputs of shape \(20"):
        data.load(str(folder))
