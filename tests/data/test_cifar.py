"""CIFAR's two forms, small ones made here."""

import hashlib
import io
import pickle
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbcnn import data
from nbcnn.data import cifar
from nbcnn.data.plain_pickle import load_plain
from nbcnn.errors import DataError

NAMES = {
    "cifar10": [f"animal{number}" for number in range(10)],
    "cifar100": [f"thing{number}" for number in range(100)],
}
COUNT = 4
"""Images of each file."""


def numbers(part: str) -> np.ndarray:
    return np.random.default_rng(len(part) + ord(part[-1])).integers(0, 256, (COUNT, 3, 32, 32), np.uint8)


def labels(name: str) -> np.ndarray:
    return np.arange(COUNT, dtype=np.uint8) * (2 if name == "cifar10" else 30)


def binary_files(name: str) -> dict[str, bytes]:
    collection = cifar.COLLECTIONS[name]
    files = {collection.names: ("\n".join(NAMES[name]) + "\n\n").encode()}
    for part in (*collection.train, collection.test):
        columns = [labels(name)[:, np.newaxis], numbers(part).reshape(COUNT, -1)]
        if name == "cifar100":
            columns.insert(0, np.full((COUNT, 1), 7, np.uint8))  # coarse classes
        files[f"{part}.bin"] = np.concatenate(columns, axis=1).tobytes()
    return files


def python_files(name: str) -> dict[str, bytes]:
    collection = cifar.COLLECTIONS[name]
    described = {collection.names_key: [each.encode() for each in NAMES[name]]}
    files = {collection.meta: pickle.dumps(described, protocol=2)}
    for part in (*collection.train, collection.test):
        table = {b"data": numbers(part).reshape(COUNT, -1), collection.key: labels(name).tolist(), b"filenames": [b"a"]}
        files[part] = pickle.dumps(table, protocol=2)
    return files


def write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def assert_right(splits: data.Splits, name: str) -> None:
    collection = cifar.COLLECTIONS[name]
    assert splits.classes == tuple(NAMES[name]) and splits.validation is None and splits.test is not None
    expected = np.concatenate([numbers(part) for part in collection.train])
    assert np.array_equal(splits.train.inputs, expected)
    assert splits.train.targets.tolist() == labels(name).tolist() * len(collection.train)
    assert splits.train.targets.dtype == np.int64
    assert np.array_equal(splits.test.inputs, numbers(collection.test))


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
@pytest.mark.parametrize("files", [binary_files, python_files])
def test_folders(tmp_path: Path, name: str, files: Any) -> None:
    assert_right(data.load(str(write(tmp_path / "any", files(name))), input_shape=(3, 32, 32)), name)


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
@pytest.mark.parametrize("inner", [".", "cifar-as-unpacked"])
def test_names(tmp_path: Path, name: str, inner: str) -> None:
    write(tmp_path / name / inner, binary_files(name))
    assert_right(data.load(name, tmp_path), name)


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], Path]:
    """Writes an archive that counts as the published one of cifar10."""

    def publish(content: bytes) -> Path:
        path = tmp_path / "cifar10" / "cifar-10-binary.tar.gz"
        path.parent.mkdir()
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        monkeypatch.setitem(cifar.COLLECTIONS, "cifar10", replace(cifar.CIFAR10, sha256=digest))
        return path

    return publish


def archive(files: dict[str, bytes], folder: str = "cifar-10-batches-bin/") -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, content_of_file in files.items():
            member = tarfile.TarInfo(folder + name)
            member.size = len(content_of_file)
            tar.addfile(member, io.BytesIO(content_of_file))
    return content.getvalue()


def test_the_archive_is_read_and_never_unpacked(tmp_path: Path, published: Callable[[bytes], Path]) -> None:
    path = published(archive(binary_files("cifar10") | {"evil": b"x"}, "../../"))
    assert_right(data.load("cifar10", tmp_path), "cifar10")
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == [path]


def test_another_archive_than_the_published_one(tmp_path: Path) -> None:
    path = tmp_path / "cifar10" / "cifar-10-binary.tar.gz"
    path.parent.mkdir()
    path.write_bytes(archive(binary_files("cifar10")))
    with pytest.raises(DataError, match=f"expected to have SHA-256 {cifar.CIFAR10.sha256}, received .*; delete it"):
        data.load("cifar10", tmp_path)


def test_a_truncated_archive(tmp_path: Path, published: Callable[[bytes], Path]) -> None:
    published(archive(binary_files("cifar10"))[:-2000])
    with pytest.raises(DataError, match="cannot be read .*fetch it again"):
        data.load("cifar10", tmp_path)


def test_an_archive_damaged_in_its_middle(tmp_path: Path, published: Callable[[bytes], Path]) -> None:
    # Numbers as text can be compressed, so that they lie there in codes, not all of which mean something.
    content = bytearray(archive({"data_batch_1.bin": b"".join(b"%d" % number for number in range(50_000))}))
    content[11_000:11_064] = b"\xff" * 64
    published(bytes(content))
    with pytest.raises(DataError, match="cannot be read .*fetch it again"):
        data.load("cifar10", tmp_path)


def test_an_archive_that_cannot_be_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise DataError("no network")

    monkeypatch.setattr("nbcnn.data.published.fetch", fail)
    message = "cifar100: cifar-100-binary.tar.gz is not in .*could not be fetched: no network; place cifar-100-binary"
    with pytest.raises(DataError, match=message):
        data.load("cifar100", tmp_path)


def test_a_missing_file(tmp_path: Path) -> None:
    files = binary_files("cifar10")
    del files["data_batch_3.bin"]
    with pytest.raises(DataError, match=r"data_batch_3\.bin is expected"):
        data.load(str(write(tmp_path, files)))


def test_half_a_record(tmp_path: Path) -> None:
    files = binary_files("cifar10")
    files["test_batch.bin"] = files["test_batch.bin"][:-1]
    with pytest.raises(DataError, match="records of 3073 bytes are expected, 12291 bytes leave 3072"):
        data.load(str(write(tmp_path, files)))


def test_a_label_without_a_name(tmp_path: Path) -> None:
    files = binary_files("cifar10")
    files["test_batch.bin"] = b"\x0b" + files["test_batch.bin"][1:]
    with pytest.raises(DataError, match="labels below 10 are expected, received 11"):
        data.load(str(write(tmp_path, files)))


class Hostile:
    def __init__(self, call: Any, *arguments: Any) -> None:
        self._reduced = call, arguments

    def __reduce__(self) -> Any:
        return self._reduced


@pytest.mark.parametrize("call", [(print, "called"), (eval, "1"), (bytearray, 10**12), (getattr, [], "append")])
def test_pickles_call_nothing(tmp_path: Path, call: tuple[Any, ...], capsys: pytest.CaptureFixture[str]) -> None:
    files = python_files("cifar10") | {"data_batch_2": pickle.dumps({b"data": Hostile(*call)}, protocol=2)}
    with pytest.raises(DataError, match=r"data_batch_2: a pickle of plain values .*it names \w+\.\w+"):
        data.load(str(write(tmp_path, files)))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "table",
    [
        [],
        {},
        {b"data": numbers("a"), b"labels": [0] * COUNT},  # of numbers, but in four axes: as many bytes, so right
        {b"data": b"x" * 3072, b"labels": [0]},
        {b"data": numbers("a"), b"labels": [0] * 3},
        {b"data": numbers("a"), b"labels": ["a"] * COUNT},
        {b"data": numbers("a"), b"labels": [10**30] * COUNT},
        {b"data": np.array([{}] * COUNT), b"labels": [0] * COUNT},
    ],
)
def test_other_pickles(tmp_path: Path, table: Any) -> None:
    files = python_files("cifar10") | {"data_batch_1": pickle.dumps(table, protocol=2)}
    place = str(write(tmp_path, files))
    if isinstance(table, dict) and table.get(b"labels") == [0] * COUNT and table[b"data"].dtype == np.uint8:
        assert len(data.load(place).train) == 5 * COUNT
        return
    with pytest.raises(DataError, match="data_batch_1: a dictionary with 3072 bytes of data for each of its labels"):
        data.load(place)


@pytest.mark.parametrize("cut", range(0, 200, 7))
def test_damaged_pickles(cut: int) -> None:
    with pytest.raises(DataError, match="here: a pickle of plain values"):
        load_plain(python_files("cifar10")["batches.meta"][:cut], "here")


def test_a_folder_of_classes_named_as_cifars_files_is_one(tmp_path: Path) -> None:
    assert not cifar.fits(write(tmp_path / "train", {}).parent)
