"""`nbcnn gradcheck`: a table per layer, and an exit code that a script can rely on."""

import json

import pytest

from nbcnn.kernels.cpu import relu

SPEC = "specs/digits.toml"


def test_every_layer_has_a_line(nbcnn) -> None:
    result = nbcnn("gradcheck", SPEC)
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert lines[0].split()[:2] == ["layer", "type"]
    assert [line.split()[0] for line in lines[1:4]] == ["conv1", "conv1_relu", "conv2"]
    assert all(line.endswith("agrees") for line in lines[1:-1])
    assert lines[-1].startswith("all agree")


def test_json_has_the_verdicts(nbcnn) -> None:
    result = nbcnn("gradcheck", SPEC, "--format", "json", "--samples", "2", "--seed", "5")
    checks = json.loads(result.out)
    assert checks[-1]["type"] == "network"
    assert all(check["agrees"] for check in checks)


def test_disagreement_is_exit_code_1(nbcnn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relu, "relu_gradient", lambda program, dy, x, y: (dy,))
    result = nbcnn("gradcheck", SPEC)
    assert result.code == 1
    assert "DISAGREES" in result.out
    assert "disagree" in result.out.splitlines()[-1]


def test_a_wrong_spec_is_exit_code_2(nbcnn) -> None:
    result = nbcnn("gradcheck", "specs/none.toml")
    assert result.code == 2
    assert "Traceback" not in result.err
