"""`nbcnn plot` and `nbcnn report` on a run that was trained."""

import json
from pathlib import Path

import pytest

import nbcnn as library
from nbcnn.errors import DataError
from nbcnn.spec import parse

SPEC = {
    "name": "small",
    "input": {"shape": [1, 8, 8]},
    "layers": [
        {"type": "conv", "name": "conv1", "out_channels": 2, "kernel_size": 3},
        {"type": "flatten"},
        {"type": "linear", "out_features": 10},
    ],
    "data": {"source": "digits"},
    "train": {"epochs": 1},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library.train(parse(SPEC), out=tmp_path_factory.mktemp("runs") / "small-1").out


def test_report(nbcnn, run: Path, tmp_path: Path) -> None:
    result = nbcnn("report", run)
    assert result.code == 0 and result.out == f"{run / 'report.html'} holds the report\n"
    assert (run / "report.html").read_text().startswith("<!doctype html>")
    result = nbcnn("report", run, "--out", tmp_path / "page.html", "--format", "json")
    assert json.loads(result.out) == {"out": str(tmp_path / "page.html")}
    result = nbcnn("report", tmp_path)
    assert result.code == 2 and "a run's folder is expected, this holds no history.jsonl" in result.err


@pytest.mark.filterwarnings("default")
def test_that_data_are_missing_is_said_at_once(
    nbcnn, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*arguments: object) -> None:
        raise DataError("x.npz: it has moved")

    monkeypatch.setattr("nbcnn.pictures.contents.load_splits", gone)
    done = nbcnn("report", run, "--out", tmp_path / "report.html")
    assert done.code == 0 and "nbcnn: the page is without samples: x.npz: it has moved\n" in done.err
    assert "x.npz: it has moved" in (tmp_path / "report.html").read_text()


def test_no_run_has_one_sentence_whatever_the_verb(nbcnn, tmp_path: Path) -> None:
    expected = f"nbcnn: {tmp_path}: a run's folder is expected, this holds no FILE; name one that `nbcnn train` wrote\n"
    for arguments, file in (
        (("compare", tmp_path), "spec.json"),
        (("verify", tmp_path), "run.json"),
        (("report", tmp_path), "history.jsonl"),
        (("plot", "curves", tmp_path), "history.jsonl"),
        (("plot", "filters", tmp_path), "model.h5"),
    ):
        result = nbcnn(*arguments)
        assert result.code == 2 and result.err.endswith(expected.replace("FILE", file))


def test_where_nothing_can_be_written_is_said_before_any_work(nbcnn, run: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    spec, nowhere = run / "spec.json", tmp_path / "nowhere"
    for arguments, name in (
        (("plot", "saliency", run), "a.png"),
        (("report", run), "a.html"),
        (("lr-find", spec), "a.png"),
        (("rf", spec, "--layer", "conv1"), "a.svg"),
        (("data", "preview", spec), "a.png"),
    ):
        result = nbcnn(*arguments, "--out", nowhere / name)
        assert result.code == 2 and f"there is no folder {nowhere}; choose another out" in result.err
        (tmp_path / name).mkdir(exist_ok=True)
        result = nbcnn(*arguments, "--out", tmp_path / name)
        assert result.code == 2 and "this is a folder" in result.err


def test_plot(nbcnn, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    result = nbcnn("plot", "curves", run, run)
    assert result.code == 0 and result.out == "curves.png holds the picture\n"
    assert Path("curves.png").read_bytes().startswith(b"\x89PNG")
    result = nbcnn("plot", "saliency", run, "--index", 3, "--class", 7, "--out", "a.svg", "--format", "json")
    assert json.loads(result.out) == {"kind": "saliency", "out": "a.svg"}
    assert "saliency for 7" in Path("a.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["curves", "--layer", "a"], "--layer is for filters, features, grad-cam; leave it out for curves"),
        (["confusion", "--class", "1"], "--class is for saliency, grad-cam; leave it out for confusion"),
        (["features", "--input", "a.png", "--index", "1"], "--input is a sample of its own"),
        (["histogram"], "'histogram' is not one of 'curves'"),
    ],
)
def test_options_that_a_plot_has_no_use_for_are_refused(nbcnn, run: Path, arguments: list[str], message: str) -> None:
    kind, *options = arguments
    result = nbcnn("plot", kind, run, *options)
    assert result.code == 2 and message in result.err
