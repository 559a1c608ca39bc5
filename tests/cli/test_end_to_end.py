"""The command as users run it, in processes of its own, on the real engine and the bundled digits."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nbcnn.data import digits
from nbcnn.weights import store

SPEC = Path(__file__).parents[2] / "specs" / "digits.toml"
COMMAND = [sys.executable, "-m", "nbcnn_cli"]
LONG = ("train", SPEC, "--epochs", 60)


def nbcnn(folder: Path, *arguments: object) -> str:
    run = subprocess.run([*COMMAND, *map(str, arguments)], cwd=folder, capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs/digits-1."""
    folder = tmp_path_factory.mktemp("trained")
    nbcnn(folder, "train", SPEC)
    return folder


def test_digits_reach_97_percent(trained: Path) -> None:
    result = json.loads(nbcnn(trained, "eval", "runs/digits-1/model.h5", "--format", "json"))
    assert result["samples"] == 355 and result["accuracy"] >= 0.97


def test_whole_numbers_cost_hardly_an_answer(trained: Path) -> None:
    arguments = ("eval", "runs/digits-1/model.h5", "--format", "json")
    whole, floats = (json.loads(nbcnn(trained, *arguments, "--dtype", dtype)) for dtype in ("int8", "float32"))
    assert whole["samples"] == 355 and abs(whole["accuracy"] - floats["accuracy"]) <= 0.01
    assert whole["loss"] != floats["loss"]


def test_any_number_of_threads_gives_the_same_file(trained: Path) -> None:
    nbcnn(trained, "train", SPEC, "--threads", 1, "--out", "one")
    assert (trained / "one/model.h5").read_bytes() == (trained / "runs/digits-1/model.h5").read_bytes()


def test_two_processes_predict_the_same_bits(trained: Path) -> None:
    images = digits.load().test
    assert images is not None
    np.save(trained / "images.npy", images.inputs[:20])
    arguments = ("predict", "runs/digits-1/model.h5", "images.npy", "--format", "json")
    printed = nbcnn(trained, *arguments)
    assert printed == nbcnn(trained, *arguments)
    classes = [json.loads(line)["class"] for line in printed.splitlines()]
    assert (np.array(classes) == images.targets[:20]).mean() >= 0.9


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nobody stopped."""
    folder = tmp_path_factory.mktemp("whole")
    nbcnn(folder, *LONG, "--out", "run")
    return folder / "run"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_stopped_run_resumes_to_the_same_bits(whole: Path, tmp_path: Path, number: int, code: int) -> None:
    command = [*COMMAND, *map(str, LONG), "--out", "parts"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        seen = ""
        while not seen.startswith("epoch "):
            seen = process.stderr.readline()
            assert seen, "the run ended before it was stopped"
        os.kill(process.pid, number)
        rest = process.stderr.read()
        assert process.stdout.read() == ""
    assert process.returncode == code
    assert "all is saved" in rest and "Traceback" not in rest

    nbcnn(tmp_path, *LONG, "--resume", "--out", "parts")
    at_once, parts = (store.load(folder / "last.h5") for folder in (whole, tmp_path / "parts"))
    assert at_once.optimizer is not None and parts.optimizer is not None
    for one, other in ((at_once.parameters, parts.parameters), (at_once.optimizer, parts.optimizer)):
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[key], other[key]) for key in one)
    assert (whole / "model.h5").read_bytes() == (tmp_path / "parts/model.h5").read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="Windows has no terminal that hangs up")
def test_a_run_whose_terminal_is_closed_is_saved(tmp_path: Path) -> None:
    terminal, theirs = os.openpty()
    command = [*COMMAND, "train", str(SPEC), "--epochs", "100000", "--out", "a"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        while b"images/s" not in seen:
            seen += os.read(terminal, 4096)
        os.close(terminal)
        os.kill(process.pid, signal.SIGHUP)
        assert process.wait(60) == 129
    assert json.loads((tmp_path / "a/run.json").read_text())["starts"][0]["outcome"] == "interrupted"


def test_a_network_that_gives_numbers_has_a_loss_and_no_accuracy(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.standard_normal((60, 1, 4, 4)).astype(np.float32)
    np.savez(tmp_path / "means.npz", x=x, y=x.mean(axis=(1, 2, 3)))
    spec = {
        "name": "means",
        "input": {"shape": [1, 4, 4]},
        "layers": [{"type": "flatten"}, {"type": "linear", "out_features": 1}],
        "data": {"source": str(tmp_path / "means.npz")},
        "train": {"loss": "huber_loss", "epochs": 2},
    }
    (tmp_path / "means.json").write_text(json.dumps(spec))
    result = json.loads(nbcnn(tmp_path, "train", "means.json", "--out", "run", "--format", "json"))
    assert result["best"]["accuracy"] is None and result["best"]["val_loss"] > 0 and result["test"] is None
    assert "nan" not in (tmp_path / "run/history.csv").read_text().lower()
    measured = json.loads(nbcnn(tmp_path, "eval", "run/model.h5", "--split", "validation", "--format", "json"))
    assert list(measured) == ["loss", "accuracy", "samples", "metrics", "confusion_matrix", "per_class"]
    assert measured["loss"] == result["best"]["val_loss"] and measured["samples"] == 6
    assert measured["accuracy"] is measured["confusion_matrix"] is None and measured["per_class"] == []
    assert "of 6 samples\nmse " in nbcnn(tmp_path, "eval", "run/model.h5", "--split", "validation")
