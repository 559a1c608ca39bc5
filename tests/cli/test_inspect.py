"""`nbcnn inspect`: what a weights file holds, whole or damaged."""

import json
from pathlib import Path

import numpy as np
import pytest

from nbcnn.model import Model
from nbcnn.network import build
from nbcnn.spec import parse
from nbcnn.weights import Snapshot, initialise, store

SPEC = {
    "name": "small",
    "input": {"shape": [1, 4, 4]},
    "layers": [{"type": "flatten"}, {"type": "linear", "name": "out", "out_features": 2}],
}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    network = build(parse(SPEC))
    classes = ("cat", "\x1b[31mdog")
    snapshot = Snapshot(
        network.spec.resolved(), initialise(network, 0), classes=classes, provenance={"epoch": 3, "accuracy": 0.97}
    )
    store.save(tmp_path / "model.h5", snapshot)
    return tmp_path / "model.h5"


def damage(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_a_whole_file_is_exit_code_0(nbcnn, weights: Path) -> None:
    result = nbcnn("inspect", weights)
    assert result.code == 0 and result.err == ""
    lines = result.out.splitlines()
    assert lines[0].startswith(f"{weights}: whole, ") and lines[0].endswith("weights format 1")
    assert "network: small, input 1x4x4, 34 parameters" in lines
    assert r"classes: 2: cat, \x1b[31mdog" in lines
    assert "provenance: epoch 3, accuracy 0.97" in lines
    assert lines[-2].split()[:2] == ["parameters/out.weight", "2x16"] and lines[-2].endswith("holds")
    found = json.loads(nbcnn("inspect", weights, "--format", "json").out)
    assert found["whole"] is True and found["classes"][1] == "\x1b[31mdog" and len(found["arrays"]) == 2


def test_labels_are_nothing_that_a_terminal_obeys(nbcnn, tmp_path: Path) -> None:
    model = Model(build(parse(SPEC)))
    model.classes = ("\x1b[31mcat",) * 2
    model.save(tmp_path / "model.h5")
    np.save(tmp_path / "x.npy", np.zeros((1, 4, 4), np.float32))
    result = nbcnn("predict", tmp_path / "model.h5", tmp_path / "x.npy")
    assert result.code == 0 and r"x.npy: \x1b[31mcat (" in result.out and "\x1b" not in result.out
    np.savez(tmp_path / "data.npz", x=np.zeros((40, 1, 4, 4), np.float32), y=np.arange(40) % 2)
    result = nbcnn("eval", tmp_path / "model.h5", "--data", tmp_path / "data.npz", "--split", "train")
    assert result.code == 0 and r"\x1b[31mcat" in result.out and "\x1b" not in result.out


def test_a_damaged_file_is_told_to_its_end_and_exit_code_2(nbcnn, weights: Path) -> None:
    whole = weights.read_bytes()
    damage(weights, whole.rindex(b"OHDR") - 1)  # padding or structure of HDF5, or an array: the file is not what it was
    damage(weights, whole.index(b'"layers"') + 2)
    result = nbcnn("inspect", weights)
    assert result.code == 2 and result.err == ""
    assert ": damaged, " in result.out and "damage: spec does not match its SHA-256" in result.out
    assert "provenance: epoch 3" in result.out and "parameters/out.bias" in result.out
    found = json.loads(nbcnn("inspect", weights, "--format", "json").out)
    assert found["whole"] is False and found["spec"] is None and found["damage"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + bytes(2000)])
def test_what_is_no_weights_file_is_one_message(nbcnn, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(content)
    result = nbcnn("inspect", path)
    assert (result.code, result.out) == (2, "")
    assert result.err == f"nbcnn: {path}: this is not a weights file of nbcnn; give a file that nbcnn saved\n"
    assert "there is no such file" in nbcnn("inspect", tmp_path / "none.h5").err
