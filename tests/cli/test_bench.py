"""`nbcnn bench`: a table that fits a pipe, JSON, and exit codes that a script can rely on."""

import json
import re
from itertools import takewhile

import pytest

from nbcnn.training import measuring

SPEC = "specs/digits.toml"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "ROUND_SECONDS", 0.01)
    monkeypatch.setattr(measuring, "_peak", lambda: measuring.Peak("numpy", 100.0, 150.0))


def test_layers_have_lines_and_the_step_has_a_summary(nbcnn) -> None:
    result = nbcnn("bench", SPEC, "--rounds", "2", "--threads", "1")
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert lines[0].split() == ["layer", "pass", "thread", "ms", "share", "GFLOP/s", "of", "peak"]
    starts = [line.split()[:2] for line in lines]
    assert ["conv1", "forward"] in starts and ["conv1", "backward"] in starts
    names = [start[0] for start in starts]
    assert all(name in names for name in ("packing", "input", "loss", "update", "waiting"))
    assert lines[-4].startswith("step: ") and lines[-4].endswith(" images/s")
    assert lines[-3].endswith("% of peak") and "1 thread" in lines[-3]
    assert re.fullmatch(r"compiled: \d+ functions, \d+\.\d [KM]iB in the cache on disk", lines[-1])
    assert lines[-2] == "peak: 150.0 GFLOP/s on 1 thread, 100.0 on one, NumPy's float32 matrix product"


def test_kernels_stand_under_their_layer(nbcnn) -> None:
    result = nbcnn("bench", SPEC, "--rounds", "1", "--kernels", "--mode", "inference", "--batch-size", "20")
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    (first,) = (place for place, line in enumerate(lines) if line.split()[:2] == ["conv1", "forward"])
    of_layer = list(takewhile(lambda line: line.startswith("  "), lines[first + 1 :]))
    assert any(line.startswith("  products.") for line in of_layer)
    assert not any(line.startswith("  ") for line in nbcnn("bench", SPEC, "--rounds", "1").out.splitlines())


def test_json_is_all_that_is_printed(nbcnn) -> None:
    result = nbcnn("bench", SPEC, "--rounds", "1", "--format", "json", "--set", "train.batch_size=24")
    found = json.loads(result.out)
    assert found["batch_size"] == 24 and found["mode"] == "training"


@pytest.mark.parametrize(
    "arguments",
    [["specs/none.toml"], [SPEC, "--threads", "10000"], [SPEC, "--mode", "fast"], [SPEC, "--batch-size", "0"]],
    ids=" ".join,
)
def test_what_is_wrong_is_exit_code_2(nbcnn, arguments: list[str]) -> None:
    result = nbcnn("bench", *arguments)
    assert result.code == 2 and result.out == ""
    assert result.err and "Traceback" not in result.err
