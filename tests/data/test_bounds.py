"""Small data files that ask for much memory or much time: each is refused at once, with a place, a rule and a cure."""

import gzip
import io
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest

from nbcnn.data import load
from nbcnn.data.dataset import check_names
from nbcnn.data.files import LIKELY_RATIO, UNSUSPECTED, read_exactly, refuse_beyond
from nbcnn.data.inputs import read_inputs
from nbcnn.data.label_names import likely_slips
from nbcnn.data.looking import look
from nbcnn.data.plain_pickle import load_plain
from nbcnn.errors import DataError

X, Y = np.arange(256, dtype=np.uint8).reshape(4, 1, 8, 8), np.arange(4) % 2


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def archive(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in members:
            written.writestr(name, content)
    return str(path)


def test_what_compresses_too_well_is_a_bomb():
    refuse_beyond(UNSUSPECTED, UNSUSPECTED // 1000, True, "a")
    refuse_beyond(10 * UNSUSPECTED, 10 * UNSUSPECTED // LIKELY_RATIO + 1, True, "a", 1 << 40)
    with pytest.raises(DataError, match="more than 200 times as many.*write the file without compression"):
        refuse_beyond(2 * UNSUSPECTED, UNSUSPECTED // 500, True, "a")


def test_arrays_of_one_file_share_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("nbcnn.data.npz.machine_memory", lambda: 300)
    whole = archive(tmp_path / "a.npz", ("x.npy", npy(X)), ("y.npy", npy(Y)))
    assert load(whole)
    more = archive(tmp_path / "b.npz", ("x.npy", npy(X)), ("y.npy", npy(np.arange(6))))
    with pytest.raises(DataError, match="y: the header declares 48 bytes of data, this machine has 44 bytes"):
        load(more)


def test_memory_that_is_not_there_is_told_as_that(monkeypatch):
    def refuse(*arguments):
        raise MemoryError

    monkeypatch.setattr("nbcnn.data.files.np.empty", refuse)
    with pytest.raises(DataError, match="a: its 4 bytes of data do not fit in the memory"):
        read_exactly(io.BytesIO(b"1234"), 4, "a")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_has_an_array_once(tmp_path):
    source = archive(tmp_path / "a.npz", ("x.npy", npy(X)), ("y.npy", npy(Y)), ("x.npy", npy(X)))
    with pytest.raises(DataError, match="one array x is expected, received several"):
        load(source)


def test_an_archives_list_is_not_read_where_it_is_too_long(tmp_path, monkeypatch):
    entry = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0)
    directory = b"".join(entry + struct.pack("<I", number) for number in range(30_000))
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 30_000, 30_000, len(directory), 0, 0)
    (tmp_path / "a.npz").write_bytes(directory + end)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(DataError, match="at most 1000 arrays are expected, its list of them has 1500000 bytes"):
        load(str(tmp_path / "a.npz"))


@pytest.mark.parametrize("descr", ["|S0", "<U0"])
def test_an_array_of_nothing_has_no_length(tmp_path, descr):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({10**15},), }}\n".encode()
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    source = archive(tmp_path / "a.npz", ("x.npy", npy(X)), ("y.npy", npy(Y)), ("class_names.npy", content))
    with pytest.raises(DataError, match="of no bytes"):
        load(source)


@pytest.mark.parametrize("more", [bytes(10**6), gzip.compress(b"") * 50_000])
def test_a_gzip_file_ends_with_its_data(idx_folder, to_idx, more):
    folder, arrays = idx_folder
    name = "train-images-idx3-ubyte"
    (folder / f"{name}.gz").write_bytes(gzip.compress(to_idx(arrays[name])) + more)
    with pytest.raises(DataError, match="compressed bytes are more than they need"):
        load(str(folder))


@pytest.mark.parametrize("content", [b"", b"1" * 3072, b"1" * 3074])
def test_records_of_cifar_are_whole(tmp_path, content):
    (tmp_path / "data_batch_1.bin").write_bytes(content)
    with pytest.raises(DataError, match="records of 3073 bytes are expected"):
        load(str(tmp_path))


def test_files_of_cifar_are_no_larger_than_they_ever_are(tmp_path):
    (tmp_path / "data_batch_1.bin").touch()
    os.truncate(tmp_path / "data_batch_1.bin", 3073 * 10**6)
    with pytest.raises(DataError, match="at most 268435456 bytes are expected, received 3073000000"):
        load(str(tmp_path))


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02r\xff\xff\xff\x7f.",
        b"\x80\x02}r\xff\xff\xff\x7f0.",
        b"\x80\x04\x8e" + struct.pack("<Q", 2**40),
        b"\x80\x04\x95" + struct.pack("<Q", 2**62),
        b"I" + b"9" * 10_000 + b"\n.",
        b"c\x1b[2J" + b"x" * 10_000 + b"\nsystem\n.",
        pickle.dumps(os.system),
    ],
)
def test_a_pickle_takes_no_memory_for_what_it_says(content):
    with pytest.raises(DataError, match="a pickle of plain values") as raised:
        load_plain(content, "a")
    assert len(str(raised.value)) < 500 and "\x1b" not in str(raised.value)


def test_tables_of_many_columns_and_classes(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(",".join(["target"] * 100_000) + ",x\n")
    with pytest.raises(DataError, match="rows to train on"):
        load(str(path), input_shape=(1, 1))
    path.write_text(",".join(["c" * 100_000] * 11) + "\n1\n")
    with pytest.raises(DataError) as raised:
        load(str(path), input_shape=(1, 1))
    assert len(str(raised.value)) < 1000
    path.write_text("x,label\n" + "".join(f"1,c{number}\n" for number in range(70_000)))
    with pytest.raises(DataError, match=r"a.csv:65538: at most 65536 classes are expected"):
        load(str(path), input_shape=(1, 1))


@pytest.mark.parametrize("name", ["", "a" * 257, "a\x1b[31m", "a\nb", "a\u202eb", "a\udcff"])
def test_names_of_classes_are_short_texts(tmp_path, name):
    with pytest.raises(DataError, match="names? of .*class.*; rename it") as raised:
        check_names(["fine", name], "a")
    assert str(raised.value).isprintable()
    np.savez(tmp_path / "a.npz", x=X, y=Y, class_names=np.array([name, "b"]))
    with pytest.raises(DataError, match="rename it|not a readable"):
        load(str(tmp_path / "a.npz"))


def test_names_of_classes_in_any_language():
    check_names(["chat", "猫", "बिल्ली", "قطة‌ها", "cat 🐈‍⬛", "a\u00a0b"], "a")


def test_folders_are_not_nested_without_end(tmp_path):
    pytest.importorskip("PIL")
    (tmp_path / "a" / ("d/" * 40)).mkdir(parents=True)
    with pytest.raises(DataError, match="folders are nested more than 32 deep"):
        load(str(tmp_path), input_shape=(1, 4, 4))


def test_a_link_in_a_circle_leads_nowhere(tmp_path):
    pytest.importorskip("PIL")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.png").symlink_to("x.png")
    with pytest.raises(DataError, match=r"x.png: (the link leads out|.*cannot be opened)"):
        load(str(tmp_path), input_shape=(1, 4, 4))


def test_samples_of_another_shape_are_not_looked_through(tmp_path):
    path = tmp_path / "a.npy"
    np.lib.format.open_memmap(path, "w+", np.float32, (1, 2**34)).flush()  # a file of 64 GiB without a block
    with pytest.raises(DataError, match="samples of shape"):
        read_inputs(path, (1, 4, 4))


def test_slips_are_looked_for_among_so_many_names():
    names = [f"{number:010b}".replace("0", "ab").replace("1", "ba") * 4 for number in range(1000)]
    likely_slips(names, [1] * 500 + [1000] * 500)
    assert likely_slips([*names, "catt", "cat"], [50] * 1000 + [1, 99]) == ['"catt" (1 sample) is perhaps "cat" (99)']


def test_a_source_with_an_endless_name_is_none():
    with pytest.raises(DataError, match="one of digits"):
        look("a" * 5000)
