"""`nbcnn lr-find`: a curve, a picture or JSON."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from nbcnn_cli.curve import in_characters

Run = Callable[..., Any]


@pytest.fixture
def spec(write_spec: Callable[..., Path]) -> Path:
    return write_spec(train={"batch_size": 100, "optimizer": {"type": "adam", "lr": 0.25}})


def test_a_curve_in_characters(nbcnn: Run, spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    outcome = nbcnn("lr-find", spec)
    lines = outcome.out.splitlines()
    assert outcome.code == 0 and len(lines[0]) <= 40 and max(map(len, lines[:15])) <= 40
    assert "1e-7" in lines[13] and lines[14].lstrip().startswith(("^", "0."))
    assert "the loss falls fastest at a learning rate of " in outcome.out and "; the spec says 0.25" in outcome.out
    assert "--set train.optimizer.lr=" in outcome.out
    assert not list(Path().iterdir())


def test_json_alone_on_standard_output(nbcnn: Run, spec: Path) -> None:
    options = ("--steps", 30, "--lowest", 1e-5, "--highest", 1, "--set", "train.batch_size=50", "--format", "json")
    found = json.loads(nbcnn("lr-find", spec, *options).out)
    assert set(found) == {"rates", "losses", "smoothed", "suggestion", "diverged"}
    assert len(found["rates"]) == 30 and found["rates"][0] == 1e-5 and found["rates"][-1] == pytest.approx(1)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_picture(nbcnn: Run, spec: Path, tmp_path: Path, ending: str) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / f"rates.{ending}"
    outcome = nbcnn("lr-find", spec, "--steps", 40, "--out", path)
    assert outcome.code == 0 and f"{path} shows the curve" in outcome.out and "|***" not in outcome.out
    if ending == "png":
        assert path.read_bytes().startswith(b"\x89PNG")
    elif ending == "pdf":
        assert path.read_bytes().startswith(b"%PDF")
    else:
        assert ElementTree.parse(path).getroot().tag.endswith("svg")


def test_what_cannot_be_drawn_is_said_before_anything_is_trained(
    nbcnn: Run, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = nbcnn("lr-find", spec, "--out", "a.gif")
    assert outcome.code == 2 and "a name that ends in .png, .svg or .pdf is expected" in outcome.err
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    outcome = nbcnn("lr-find", spec, "--out", "a.png")
    assert outcome.code == 2 and "pip install 'nbcnn[plot]'" in outcome.err and "step" not in outcome.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--lowest", 1, "--highest", 0.1), "0 < lowest < highest"),
        (("--steps", 5), "--steps"),
        (("--lowest", "x"), "x"),
    ],
)
def test_options_that_do_not_do(nbcnn: Run, spec: Path, options: tuple[Any, ...], words: str) -> None:
    outcome = nbcnn("lr-find", spec, *options)
    assert outcome.code == 2 and words in outcome.err and "Traceback" not in outcome.err


def test_a_curve_falls_from_corner_to_corner() -> None:
    lines = in_characters([1e-3, 1e-2, 1e-1], [3.0, 2.0, 1.0], 0.01, 14)
    assert lines[0] == "3 |*" and lines[11] == "1 |" + " " * 10 + "*"
    assert lines[12:] == ["  ++---------+", "   1e-3   1e-1", "        ^ 0.01"]
    assert [line.index("*") - 3 for line in lines if "*" in line] == [0, 5, 10]


@pytest.mark.parametrize("columns", [1, 9, 20, 72])
@pytest.mark.parametrize("ys", [[1.0, 1.0], [0.0, 1e9]])
def test_any_width_and_any_loss_makes_lines(columns: int, ys: list[float]) -> None:
    lines = in_characters([1e-7, 10.0], ys, 10.0, columns)
    assert all("\n" not in line for line in lines) and any("*" in line for line in lines)
    assert max(map(len, lines)) <= max(columns, 16)
