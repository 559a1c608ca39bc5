"""`nbcnn data`: what there is, fetched and checked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_arrays(**changes: np.ndarray) -> str:
    generator = np.random.default_rng(0)
    arrays = {
        "x_train": generator.integers(0, 256, (20, 8, 8), np.uint8),
        "y_train": np.arange(20) % 10,
        "x_test": generator.integers(0, 256, (10, 8, 8), np.uint8),
        "y_test": np.arange(10),
    }
    np.savez("a.npz", **arrays | changes)
    return "a.npz"


def test_list(nbcnn: Run, tmp_path: Path) -> None:
    (tmp_path / "cifar10").mkdir()
    (tmp_path / "cifar10" / "cifar-10-binary.tar.gz").touch()
    outcome = nbcnn("data", "list", "--data-dir", tmp_path)
    assert outcome.code == 0 and outcome.err == ""
    rows = {line.split()[0]: line for line in outcome.out.splitlines()}
    assert [*rows][1:6] == ["digits", "mnist", "fashion-mnist", "cifar10", "cifar100"]
    assert "bundled" in rows["digits"] and " no " in rows["mnist"] and " yes " in rows["cifar10"]
    sets = json.loads(nbcnn("data", "list", "--data-dir", tmp_path, "--format", "json").out)["data_sets"]
    assert sets[1] == {
        "name": "mnist",
        "description": "70,000 handwritten digits, grey, 28x28",
        "folder": str(tmp_path / "mnist"),
        "on_disk": False,
    }


def test_get(nbcnn: Run) -> None:
    outcome = nbcnn("data", "get", "digits")
    assert (outcome.code, outcome.out) == (0, "digits: 1,442 samples to train on, 355 to test, each 1x8x8; bundled\n")
    found = json.loads(nbcnn("data", "get", "digits", "--format", "json").out)
    assert found == {"data_sets": [{"name": "digits", "folder": None, "samples": {"train": 1442, "test": 355}}]}


def test_get_verifies(nbcnn: Run, tmp_path: Path) -> None:
    (tmp_path / "cifar10").mkdir()
    (tmp_path / "cifar10" / "cifar-10-binary.tar.gz").write_bytes(b"something else")
    outcome = nbcnn("data", "get", "cifar10", "--data-dir", tmp_path)
    assert (outcome.code, outcome.out) == (2, "") and "expected to have SHA-256" in outcome.err


def test_get_nothing_known(nbcnn: Run) -> None:
    outcome = nbcnn("data", "get", "minst")
    assert outcome.code == 2 and "minst: there is no data set of this name; choose among digits, mnist" in outcome.err


def test_check_of_what_is_right(nbcnn: Run) -> None:
    outcome = nbcnn("data", "check", write_arrays())
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[1].split() == ["train", "20", "1x8x8", "uint8", "0"]
    assert lines[2].split() == ["test", "10", "1x8x8", "uint8", "0"]
    assert any(line.startswith("train: mean (deviation) by channel 0.") for line in lines)
    assert "nothing is wrong" in lines[-1]


def test_check_of_what_is_wrong(nbcnn: Run) -> None:
    generator = np.random.default_rng(0)
    train = generator.integers(0, 256, (20, 8, 8), np.uint8)
    outcome = nbcnn("data", "check", write_arrays(x_test=train[5:15]), "--format", "json")
    assert outcome.code == 2
    found = json.loads(outcome.out)
    assert found["splits"]["train"]["samples"] == 20 and found["splits"]["train"]["counts"]["3"] == 2
    assert "10 of test samples equal one of train" in found["problems"][0]["message"]
    assert nbcnn("data", "check", write_arrays(x_test=train[5:15])).out.endswith("2 errors, 0 warnings\n")


def test_check_of_a_spec_takes_its_splits_and_its_network(nbcnn: Run, write_spec: Callable[..., Path]) -> None:
    path = write_spec()
    found = json.loads(nbcnn("data", "check", path, "--set", "data.folds=4", "--format", "json").out)
    assert [each["samples"] for each in found["splits"].values()] == [1081, 361, 355]
    write_arrays(y_train=np.arange(20) % 10 + 5)
    outcome = nbcnn("data", "check", path, "--set", "data.source=a.npz")
    assert outcome.code == 2 and "labels from 0 to 9 are expected" in outcome.err


def test_check_lists_all_images_that_cannot_be_read(nbcnn: Run, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for index in range(6):
        path = tmp_path / "pictures" / ("cats" if index % 2 else "dogs") / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (16, 16, 3), np.uint8)).save(path)
    for name in ("cats/1.png", "dogs/2.png"):
        (tmp_path / "pictures" / name).write_bytes(b"no image")
    outcome = nbcnn("data", "check", "pictures")
    assert outcome.code == 2
    assert outcome.out.count("not a readable image") == 2 and "cats/1.png" in outcome.out


def test_check_of_labels_of_which_some_stand_for_no_class(nbcnn: Run) -> None:
    outcome = nbcnn(
        "data", "check", write_arrays(y_train=np.array([-100, *range(1, 10), *range(10)])), "--format", "json"
    )
    assert json.loads(outcome.out)["splits"]["train"]["counts"] == {"0": 1} | {str(label): 2 for label in range(1, 10)}


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.full(20, -1), "class numbers of 0 and above are expected"),
        (np.full((20, 8, 8), -1), "class numbers of 0 and above are expected"),
        (np.full((20, 8, 8), 10**18), "class numbers below 65536 are expected, received 1000000000000000000"),
    ],
)
def test_check_of_labels_that_are_none(nbcnn: Run, labels: np.ndarray, message: str) -> None:
    source = write_arrays(y_train=labels, y_test=labels[:10])
    outcome = nbcnn("data", "check", source)
    assert outcome.code == 2 and message in outcome.err
    assert nbcnn("new", "a.toml", "--data", source).code == 2


def test_check_of_maps_where_all_that_counts_is_void(nbcnn: Run) -> None:
    maps = np.where(np.eye(8, dtype=bool), 255, -1) * np.ones((20, 1, 1), np.int64)
    assert nbcnn("data", "check", write_arrays(y_train=maps, y_test=maps[:10])).code == 0


def test_check_of_a_source_has_nothing_to_set(nbcnn: Run) -> None:
    outcome = nbcnn("data", "check", "digits", "--set", "data.folds=4")
    assert (outcome.code, outcome.out) == (2, "") and "--set changes a spec, and digits is a source" in outcome.err


def test_check_of_nothing(nbcnn: Run) -> None:
    outcome = nbcnn("data", "check", "nowhere.npz")
    assert (outcome.code, outcome.out) == (2, "") and "nowhere.npz" in outcome.err
