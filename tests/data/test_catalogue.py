import hashlib
import subprocess
import sys

import numpy as np
import pytest

from nbcnn import data
from nbcnn.data import catalogue, published
from nbcnn.data.published import Collection, PublishedFile
from nbcnn.errors import DataError


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("fashon-mnist", 'did you mean "fashion-mnist"'),
        ("MNIST", 'did you mean "mnist"'),
        ("folder/missing.npz", r"digits, mnist, .*\.npz, \.h5, \.csv or \.tsv file .*folder/missing\.npz"),
        ("", "train-images-idx3-ubyte .*is expected in this folder"),
        ("\0", "expected"),
        ("x" * 5000, "expected"),
    ],
)
def test_a_source_that_is_not_there_says_what_could_be(tmp_path, source, message):
    with pytest.raises(DataError, match=message):
        data.load(source, base=tmp_path)


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(DataError, match=r"an \.npz, \.h5, \.csv or \.tsv file or a folder"):
        data.load("a.txt", base=tmp_path)


def test_the_data_directory_is_the_argument_else_the_environment_else_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NBCNN_DATA", "/environment")
    assert published.data_directory(tmp_path) == tmp_path
    assert str(published.data_directory(None)) == "/environment"
    monkeypatch.delenv("NBCNN_DATA")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert published.data_directory(None) == tmp_path / "nbcnn" / "data"


@pytest.fixture
def collection(idx_folder, to_idx, monkeypatch):
    """A named data set, "tiny", whose files lie in <data directory>/idx under another name and cannot be fetched."""
    folder, arrays = idx_folder
    files = {}
    for part, stem in (("train", "train"), ("test", "t10k")):
        for content in ("images-idx3", "labels-idx1"):
            name = f"{stem}-{content}-ubyte"
            packed = (folder / f"{name}.gz").read_bytes()
            files[part, content[:6]] = PublishedFile(
                f"{name}.gz",
                len(packed),
                hashlib.sha256(packed).hexdigest(),
                hashlib.sha256(to_idx(arrays[name])).hexdigest(),
            )
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    tiny = Collection("tiny", "five classes", tuple("abcde"), files, ("https://127.0.0.1:9/",))
    monkeypatch.setitem(catalogue.COLLECTIONS, "tiny", tiny)
    return folder, arrays


def test_a_named_source_is_found_in_the_data_directory(collection):
    folder, arrays = collection
    folder.rename(folder.parent / "tiny")
    splits = data.load("tiny", folder.parent, input_shape=(1, 4, 5))
    np.testing.assert_array_equal(splits.train.inputs[:, 0], arrays["train-images-idx3-ubyte"])
    assert splits.classes == tuple("abcde")


def test_a_named_source_without_network_says_where_it_looked_and_what_to_place_there(collection, tmp_path):
    with pytest.raises(DataError) as caught:
        data.load("tiny", tmp_path / "data")
    message = str(caught.value)
    for part in (
        str(tmp_path / "data" / "tiny"),
        "https://127.0.0.1:9/",
        "refused",
        "t10k-labels-idx1-ubyte.gz",
        "NBCNN_DATA",
    ):
        assert part in message
    assert not (tmp_path / "data").exists()


def test_other_content_under_a_published_name_is_refused(collection, to_idx):
    folder, arrays = collection
    folder = folder.rename(folder.parent / "tiny")
    (folder / "train-labels-idx1-ubyte").write_bytes(to_idx(np.zeros(20, np.uint8)))
    with pytest.raises(DataError, match=r"train-labels-idx1-ubyte: .*SHA-256"):
        data.load("tiny", folder.parent)


@pytest.mark.parametrize("source", ["fashion-mnist", "mnist"])
def test_the_real_data_sets(real_data, source):
    if not (real_data / source).is_dir():
        pytest.skip(f"no {source} in the data directory")
    splits = data.load(source, real_data, input_shape=(1, 28, 28))
    assert splits.train.inputs.shape == (60_000, 1, 28, 28)
    assert splits.test.inputs.shape == (10_000, 1, 28, 28)
    data.fitted(splits.train, (1, 28, 28), data.ClassNumbers(10, (), -100), source)
    mean, deviation = data.statistics(splits.train)
    # The figures that everyone uses for these two.
    expected = {"fashion-mnist": (0.2860, 0.3530), "mnist": (0.1307, 0.3081)}[source]
    assert (round(mean[0], 4), round(deviation[0], 4)) == expected


@pytest.mark.parametrize("source", ["fashion-mnist", "mnist"])
def test_pinned_digests_are_those_of_the_real_files(real_data, source):
    folder = real_data / source
    if not folder.is_dir():
        pytest.skip(f"no {source} in the data directory")
    for file in catalogue.COLLECTIONS[source].files.values():
        content = (folder / file.name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size, file.sha256)


@pytest.mark.parametrize("collection_", catalogue.COLLECTIONS.values(), ids=lambda each: each.name)
def test_data_sets_are_fetched_over_https_only(collection_):
    assert collection_.folders
    assert all(folder.startswith("https://") and folder.endswith("/") for folder in collection_.folders)


def test_importing_data_loads_neither_numba_nor_h5py():
    code = "import sys, nbcnn.data; sys.exit(bool({'numba', 'h5py', 'pydantic'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
