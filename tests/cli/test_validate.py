import json
import re
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


BRANCHES = [
    {"type": "conv", "name": "a", "out_channels": 1, "kernel_size": 3, "padding": 1, "trainable": False},
    {"type": "block", "name": "b", "block": "twice", "repeat": 2},
    {"type": "concat", "name": "all", "from": ["input", "a", "b.0", "b"]},
    {"type": "relu", "name": "end"},
]
TWICE = {"layers": [{"type": "relu", "name": "r"}, {"type": "add", "name": "s", "from": ["r", "input"]}]}


def test_what_a_layer_reads_is_shown_where_it_is_not_the_layer_before(
    nbcnn: Run, write_spec: Callable[..., Path]
) -> None:
    outcome = nbcnn("validate", write_spec(layers=BRANCHES, blocks={"twice": TWICE}))
    assert outcome.code == 0
    header, *lines = outcome.out.splitlines()
    column = header.index("reads")
    read = {line.split()[0]: line[column:] for line in lines[:8]}
    assert read == {
        "input": "", "a": "", "b.0.r": "", "b.0.s": ".r, a", "b.1.r": "", "b.1.s": ".r, b.0.s",
        "all": "input, a, and 2 more", "end": "",
    }  # fmt: skip
    assert "0 of them change in training" in lines[9]


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
    assert f"{path}" in outcome.err and "surprise" in outcome.err and len(outcome.err.splitlines()) == 6


def test_a_kernel_larger_than_its_input_names_both_and_a_cure(nbcnn: Run, write_spec: Callable[..., Path]) -> None:
    layers = [{"type": "conv", "name": "wide", "out_channels": 2, "kernel_size": 11}]
    outcome = nbcnn("validate", write_spec(layers=layers))
    assert outcome.code == 2
    assert all(part in outcome.err for part in ("`wide`", "11", "8", "= help: "))


def test_set_changes_the_spec(nbcnn: Run) -> None:
    arguments = ("--set", "layers.0.out_channels=3", "--set", "name=other", "--format", "json")
    report = json.loads(nbcnn("validate", SPECS / "digits.toml", *arguments).out)
    assert report["name"] == "other" and report["layers"][0]["output_shape"][0] == 3


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


@pytest.mark.parametrize(("columns", "lines"), [(23, ["net", "a a", "  params 1,000", "  share 7%"]), (24, [])])
def test_numbers_that_have_no_room_have_lines_of_their_own(
    columns: int, lines: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from nbcnn_cli.text import print_table

    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    print_table("net", ("the layer", ">params", ">share"), [("a a", "1,000", "7%")])
    found = [line.rstrip() for line in re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out).splitlines()]
    assert found == (lines or ["net", "", "the layer  params  share", "-" * 24, "a a         1,000     7%", ""])
    print_table("codes", ("code", "meaning"), [("NB101", "word " * 20)])
    folded = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out).splitlines()
    assert "meaning" in folded[2] and len(folded) > 6
    assert all(len(line) <= columns for line in folded)


def test_explains_sizes_and_savings_on_request(nbcnn: Run) -> None:
    plain, explained = (nbcnn("validate", SPECS / "lenet5.toml", *options).out for options in ((), ("--explain",)))
    assert explained.startswith(plain)
    lines = explained.removeprefix(plain).splitlines()
    assert "C1: rows: floor((28 + 2 + 2 - 5) / 1) + 1 = 28" in lines
    assert "C1: 156 parameters, 3,692,484 fewer than fully connected" in lines
    assert lines[-1] == "shared weights save 5,573,268 parameters in all"
