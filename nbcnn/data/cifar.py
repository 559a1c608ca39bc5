"""CIFAR-10 and CIFAR-100: 60,000 pictures of 32 x 32 in 10 or 100 classes, in the authors' binary or Python form.

Source: A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009; the files are the author's.
"""

import hashlib
import os
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import IO

import numpy as np

from nbcnn.data.dataset import Array, Dataset, Splits, class_names
from nbcnn.data.download import Progress
from nbcnn.data.files import open_regular, reason, refuse_links_out
from nbcnn.data.plain_pickle import PlainArray, load_plain
from nbcnn.data.published import data_directory, fetch_named
from nbcnn.errors import DataError

IMAGE = (3, 32, 32)
NUMBERS = 3 * 32 * 32
LARGEST = 256 << 20
"""Bytes of all files together; those of either form have 187 million."""
FOLDER_URL = "https://www.cs.toronto.edu/~kriz/"


@dataclass(frozen=True)
class Collection:
    """One of the two: its parts' files without ending, what stands before a picture, and the archive to fetch.

    `labels` bytes stand before every picture of the binary form, the last of them its class, which the Python form has
    under `key`; names of the classes lie in `names`, or in the Python form's file `meta` under `names_key`.
    """

    name: str
    description: str
    train: tuple[str, ...]
    test: str
    labels: int
    key: bytes
    names: str
    meta: str
    names_key: bytes
    archive: str
    size: int
    sha256: str


CIFAR10 = Collection(
    name="cifar10",
    description="60,000 coloured pictures in 10 classes, 32x32",
    train=tuple(f"data_batch_{number}" for number in range(1, 6)),
    test="test_batch",
    labels=1,
    key=b"labels",
    names="batches.meta.txt",
    meta="batches.meta",
    names_key=b"label_names",
    archive="cifar-10-binary.tar.gz",
    size=170052171,
    sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
)
CIFAR100 = Collection(
    name="cifar100",
    description="60,000 coloured pictures in 100 classes, 32x32",
    train=("train",),
    test="test",
    labels=2,
    key=b"fine_labels",
    names="fine_label_names.txt",
    meta="meta",
    names_key=b"fine_label_names",
    archive="cifar-100-binary.tar.gz",
    size=168513733,
    sha256="58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
)
COLLECTIONS = {each.name: each for each in (CIFAR10, CIFAR100)}


def fits(folder: Path) -> bool:
    """Whether a folder holds the first file of one of them."""
    return any(_first(folder, each) for each in COLLECTIONS.values())


def load_folder(folder: Path, data_dir: Path | None = None) -> Splits:
    """The data set in a folder, in either form; raises DataError for files that are missing or damaged."""
    collection = next(each for each in COLLECTIONS.values() if _first(folder, each))
    refuse_links_out((folder / name for name in _wanted(collection)), folder, data_dir)
    return _splits(collection, _read_folder(folder, collection), folder)


def load(name: str, data_dir: Path | None, on_progress: Progress | None = None) -> Splits:
    """The data set from <data directory>/<name>/, as files of either form or as the archive.

    The archive, fetched if absent, is read as it is and never unpacked. Raises DataError.
    """
    collection = COLLECTIONS[name]
    folder = data_directory(data_dir) / name
    if place := _unpacked(folder, collection):
        return _splits(collection, _read_folder(place, collection), place)
    archive = folder / collection.archive
    if not archive.exists():
        fetch_named(
            name,
            archive,
            [FOLDER_URL + collection.archive],
            collection.size,
            collection.sha256,
            on_progress,
            together=[collection.archive],
        )
    return _splits(collection, _read_archive(archive, collection), archive)


def is_there(folder: Path, collection: Collection) -> bool:
    """Whether the folder of a named data set holds it, in any form."""
    return (folder / collection.archive).exists() or _unpacked(folder, collection) is not None


def _unpacked(folder: Path, collection: Collection) -> Path | None:
    """The folder, or one within it as the archives make it, that holds the files."""
    places = (folder, *sorted(folder.glob("cifar-*")))
    return next((place for place in places if place.is_dir() and _first(place, collection)), None)


def _first(folder: Path, collection: Collection) -> bool:
    # `train` may be a folder of classes.
    return any((folder / f"{collection.train[0]}{ending}").is_file() for ending in ("", ".bin"))


def _wanted(collection: Collection) -> list[str]:
    parts = [*collection.train, collection.test]
    return [*parts, *(f"{part}.bin" for part in parts), collection.names, collection.meta]


def _read_folder(folder: Path, collection: Collection) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for name in _wanted(collection):
        if (folder / name).exists():
            with open_regular(folder / name) as file:
                size = os.fstat(file.fileno()).st_size
                if name.endswith(".bin"):
                    _refuse_other_records(size, collection, folder / name)
                files[name] = _bounded(file, size, files, folder / name)
    return files


def _read_archive(path: Path, collection: Collection) -> dict[str, bytes]:
    wanted = {*_wanted(collection)}
    files: dict[str, bytes] = {}
    try:
        with open_regular(path) as file:
            _refuse_other(file, path, collection)
            with tarfile.open(fileobj=file, mode="r:gz") as archive:
                for member in archive:
                    name = member.name.rpartition("/")[2]
                    if member.isfile() and name in wanted and (content := archive.extractfile(member)):
                        files[name] = _bounded(content, member.size, files, path / name)
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: the archive cannot be read ({reason(error)}); fetch it again") from None
    return files


def _refuse_other(file: BufferedReader, path: Path, collection: Collection) -> None:
    """A name stands for the published data, so raises DataError for another archive; the file is at its start again."""
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != collection.sha256:
        raise DataError(
            f"{path}: the archive is expected to have SHA-256 {collection.sha256}, received {digest}; delete it so "
            "that it is fetched again, or unpack it and give the path of the folder as the source to use your own files"
        )
    file.seek(0)


def _bounded(file: IO[bytes], size: int, others: Mapping[str, bytes], place: Path) -> bytes:
    """A whole file, if it and the others are not larger than they ever are."""
    most = LARGEST - sum(map(len, others.values()))
    if size > most:
        raise DataError(f"{place}: at most {most} bytes are expected, received {size}; check that it is the right file")
    return file.read(size)


def _splits(collection: Collection, files: Mapping[str, bytes], place: Path) -> Splits:
    is_binary = f"{collection.train[0]}.bin" in files
    parts = []
    for names in (collection.train, (collection.test,)):
        read = _binary if is_binary else _plain
        found = [read(collection, files, name, place) for name in names]
        inputs, targets = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
        parts.append(Dataset(inputs, targets.astype(np.int64)))
    names = tuple(_names(collection, files, place))
    return Splits(parts[0], parts[1], None, class_names(names or None, str(place), *parts))


def _content(files: Mapping[str, bytes], name: str, place: Path) -> bytes:
    if name not in files:
        raise DataError(f"{place}: {name} is expected beside the other files of this data set; add it")
    return files[name]


def _binary(collection: Collection, files: Mapping[str, bytes], part: str, place: Path) -> tuple[Array, Array]:
    """Records of labels and 3,072 bytes: red, green and blue, row by row."""
    name, width = f"{part}.bin", collection.labels + NUMBERS
    content = _content(files, name, place)
    _refuse_other_records(len(content), collection, place / name)
    records = np.frombuffer(content, np.uint8).reshape(-1, width)
    return records[:, collection.labels :].reshape(-1, *IMAGE), records[:, collection.labels - 1]


def _refuse_other_records(size: int, collection: Collection, place: Path) -> None:
    """Raises DataError for a file of so many bytes that does not hold whole records, one at least."""
    width = collection.labels + NUMBERS
    if not size or size % width:
        raise DataError(
            f"{place}: records of {width} bytes are expected, {size} bytes leave {size % width}; the file is truncated "
            "or another one, copy or fetch it again"
        )


def _plain(collection: Collection, files: Mapping[str, bytes], part: str, place: Path) -> tuple[Array, Array]:
    """A pickled dictionary, of which nothing but bytes and numbers is taken."""
    table = load_plain(_content(files, part, place), str(place / part))
    images, labels = (table.get(key) for key in (b"data", collection.key)) if isinstance(table, dict) else (None, None)
    content = images.content if isinstance(images, PlainArray) and isinstance(images.content, bytes) else b""
    is_right = (
        isinstance(labels, list)
        and all(type(label) is int and 0 <= label < 256 for label in labels)
        and 0 < len(content) == NUMBERS * len(labels)
    )
    if not is_right:
        raise DataError(
            f"{place / part}: a dictionary with {NUMBERS} bytes of data for each of its {collection.key.decode()} is "
            "expected; check that this is the right file"
        )
    return np.frombuffer(content, np.uint8).reshape(-1, *IMAGE), np.array(labels)


def _names(collection: Collection, files: Mapping[str, bytes], place: Path) -> list[str]:
    """Names of the classes, none where no file has them."""
    if collection.names in files:
        return files[collection.names].decode("utf-8", "replace").split()
    if collection.meta not in files:
        return []
    table = load_plain(files[collection.meta], str(place / collection.meta))
    names = table.get(collection.names_key) if isinstance(table, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, bytes) for name in names):
        raise DataError(f"{place / collection.meta}: {collection.names_key.decode()} are expected; remove the file")
    return [name.decode("utf-8", "replace") for name in names]
