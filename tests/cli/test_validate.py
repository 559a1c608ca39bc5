import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
SPECS = Path(__file__).parents[2] / "specs"


def test_text_is_plain_columns_in_a_pipe(nbcnn: Run) -> None:
    outcome = nbcnn("validate", SPECS / "lenet5.toml")
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[0].split() == ["layer", "type", "output", "params", "MACs", "sees"]
    assert all(line.isascii() and len(line) <= 80 for line in lines)
    assert any("parameters" in line for line in lines)


def test_json_alone_on_standard_output(nbcnn: Run) -> None:
    outcome = nbcnn("validate", SPECS / "lenet5.toml", "--format", "json")
    assert (outcome.code, outcome.err) == (0, "")
    report = json.loads(outcome.out)
    assert report["diagnostics"] == [] and report["totals"]["params"] > 0


def test_an_invalid_spec_prints_the_same_object_and_code_2(nbcnn: Run, write_spec: Callable[..., Path]) -> None:
    path = write_spec(surprise=1)
    outcome = nbcnn("validate", path, "--format", "json")
    assert (outcome.code, outcome.err) == (2, "")
    (diagnostic,) = json.loads(outcome.out)["diagnostics"]
    assert diagnostic["severity"] == "error" and "surprise" in diagnostic["message"]
    outcome = nbcnn("validate", path)
    assert (outcome.code, outcome.out) == (2, "")
    assert f"{path}" in outcome.err and "surprise" in outcome.err and len(outcome.err.splitlines()) == 1


def test_a_kernel_larger_than_its_input_names_both_and_a_cure(nbcnn: Run, write_spec: Callable[..., Path]) -> None:
    layers = [{"type": "conv", "name": "wide", "out_channels": 2, "kernel_size": 11}]
    outcome = nbcnn("validate", write_spec(layers=layers))
    assert outcome.code == 2
    assert all(part in outcome.err for part in ("wide", "11", "8", ";"))


def test_set_changes_the_spec(nbcnn: Run) -> None:
    arguments = ("--set", "layers.0.out_channels=3", "--set", "name=other", "--format", "json")
    report = json.loads(nbcnn("validate", SPECS / "digits.toml", *arguments).out)
    assert report["name"] == "other" and report["layers"][0]["output_shape"][0] == 3


def test_takes_less_than_half_a_second() -> None:
    """The best of five processes, since other tests may keep the machine busy."""
    times = []
    for _ in range(5):
        started = time.perf_counter()
        command = [sys.executable, "-m", "nbcnn_cli", "validate", SPECS / "digits.toml"]
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    assert min(times) < 0.5


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_table_fits_the_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from nbcnn_cli.text import print_table

    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    print_table("net [bold]", ("layer", ">params"), [("a" * 30, "1,000"), ("[red]b", "2")])
    lines = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out).splitlines()
    assert all(len(line) <= columns for line in lines)
    assert "net [bold]" in lines[0] and "[red]b" in "".join(lines)
