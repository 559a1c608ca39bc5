"""Weights from another network's file: what is taken, and the list of what is not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbcnn.errors import InputError, WeightsError
from nbcnn.model import Model
from nbcnn.network import build
from nbcnn.spec import parse

CONV: dict[str, Any] = {"type": "conv", "name": "stem.conv", "out_channels": 4, "kernel_size": 3, "bias": False}
NORM: dict[str, Any] = {"type": "batch_norm", "name": "stem.norm"}
FLAT: dict[str, Any] = {"type": "flatten"}


def head(classes: int, name: str = "head") -> dict[str, Any]:
    return {"type": "linear", "name": name, "out_features": classes}


def model(*layers: dict[str, Any], seed: int = 0, size: int = 8) -> Model:
    return Model(build(parse({"input": {"shape": [1, size, size]}, "layers": list(layers)})), seed=seed)


def copies(of: Model) -> dict[str, np.ndarray]:
    return {key: value.copy() for key, value in {**of.parameters, **of.buffers}.items()}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A network of ten classes, with running statistics that are not first values."""
    base = model(CONV, NORM, FLAT, head(10), seed=1)
    base.buffers["stem.norm.running_mean"][...] = 0.5
    base.save(tmp_path / "base.h5")
    return tmp_path / "base.h5"


BACKBONE = ("stem.conv.weight", "stem.norm.weight", "stem.norm.bias", "stem.norm.running_mean", "stem.norm.running_var")


def test_what_fits_is_taken_and_the_rest_is_listed(file: Path) -> None:
    mine, base = model(CONV, NORM, FLAT, head(6)), Model.load(file)
    before = copies(mine)
    found = mine.take_weights(file)
    assert found.taken == BACKBONE
    assert found.left == {
        "head.weight": "its shape is 6x144, the file's 10x144",
        "head.bias": "its shape is 6, the file's 10",
    }
    assert found.unused == ("head.weight", "head.bias")
    after, theirs = copies(mine), copies(base)
    assert all(np.array_equal(after[key], theirs[key]) for key in found.taken)
    assert all(np.array_equal(after[key], before[key]) for key in found.left)
    assert not np.array_equal(after["stem.conv.weight"], before["stem.conv.weight"])
    assert (mine.buffers["stem.norm.running_mean"] == 0.5).all()


def test_every_array_is_in_one_of_the_two_lists(file: Path) -> None:
    mine = model(CONV, NORM, FLAT, head(10))
    found = mine.take_weights(file, exclude=["head"])
    assert {*found.taken, *found.left} == {*mine.parameters, *mine.buffers}
    assert found.left == {"head.weight": "excluded", "head.bias": "excluded"}


def test_the_name_of_a_block_stands_for_its_layers(file: Path) -> None:
    found = model(CONV, NORM, FLAT, head(10)).take_weights(file, exclude=["stem"])
    assert found.taken == ("head.weight", "head.bias")
    assert set(found.left.values()) == {"excluded"}


def test_a_bias_does_not_go_without_its_weight(file: Path) -> None:
    found = model(CONV, NORM, FLAT, head(10), size=9).take_weights(file)
    assert found.taken == BACKBONE
    assert found.left["head.bias"] == "head.weight does not fit"
    assert found.unused == ("head.weight", "head.bias")


def test_layers_that_are_new_or_have_other_names_are_left(file: Path) -> None:
    bias = CONV | {"bias": True}
    found = model(bias, NORM, FLAT, head(10, "classes"), head(6, "last")).take_weights(file)
    assert found.taken == BACKBONE
    assert found.left["stem.conv.bias"] == "the file has none"
    assert found.left["classes.weight"] == "the file has head.weight of the same shape in its place"
    assert found.left["last.weight"] == "the file has none"


@pytest.mark.parametrize(
    ("layers", "exclude", "words"),
    [
        ([FLAT, head(6)], (), r"of 7 arrays in the file none fits .*\(head.weight: its shape is 6x64"),
        ([CONV, FLAT, head(6)], ("stem",), "stem.conv.weight: excluded"),
        ([{"type": "relu"}], (), "a network without arrays"),
    ],
)
def test_where_nothing_fits_it_is_an_error(file: Path, layers: list, exclude: tuple, words: str) -> None:
    mine = model(*layers)
    before = copies(mine)
    with pytest.raises(WeightsError, match=words):
        mine.take_weights(file, exclude=exclude)
    assert all(np.array_equal(value, before[key]) for key, value in copies(mine).items())


def test_a_name_that_is_not_there(file: Path) -> None:
    mine = model(CONV, NORM, FLAT, head(10))
    before = copies(mine)
    with pytest.raises(InputError, match="exclude: no layer is named 'haed'"):
        mine.take_weights(file, exclude=["haed"])
    assert all(np.array_equal(value, before[key]) for key, value in copies(mine).items())


def test_files_that_are_damaged_or_missing(file: Path, tmp_path: Path) -> None:
    damaged = bytearray(file.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    file.write_bytes(damaged)
    mine = model(CONV, NORM, FLAT, head(10))
    with pytest.raises(WeightsError, match=r"base\.h5"):
        mine.take_weights(file)
    with pytest.raises(WeightsError, match="there is no such file"):
        mine.take_weights(tmp_path / "none.h5")
