import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nbcnn as package
from nbcnn import api

Run = Callable[..., Any]
ROOT = Path(__file__).parents[2]
VERBS = [
    "bench",
    "compare",
    "data",
    "diff",
    "doctor",
    "eval",
    "explain",
    "fix",
    "gradcheck",
    "inspect",
    "lr-find",
    "lsp",
    "new",
    "plot",
    "predict",
    "report",
    "rf",
    "schema",
    "step",
    "train",
    "validate",
    "verify",
    "warmup",
]


def test_help_explains_each_verb_in_one_line(nbcnn: Run) -> None:
    outcome = nbcnn("--help")
    assert outcome.code == 0
    lines = [line.split(maxsplit=1) for line in outcome.out.partition("Commands:\n")[2].splitlines()]
    assert [verb for verb, _ in lines] == VERBS
    assert all(text.endswith(".") and "..." not in text for _, text in lines)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(nbcnn: Run, verb: str) -> None:
    outcome = nbcnn(verb, "--help")
    assert outcome.code == 0 and "--debug" in outcome.out


def test_version(nbcnn: Run) -> None:
    assert nbcnn("--version").out == f"nbcnn {package.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["walk"],
        ["validate"],
        ["rf", "a.toml", "b.toml"],
        ["validate", "a.toml", "--format", "xml"],
        ["validate", "a.toml", "--set", "train.epochs"],
        ["validate", "a.toml", "--set", "=3"],
        ["train", "a.toml", "--epochs", "0"],
        ["train", "a.toml", "--epochs", "many"],
        ["train", "a.toml", "--threads", "0"],
        ["eval", "model.h5", "--split", "all"],
        ["predict", "model.h5"],
        ["validate", "missing.toml"],
        ["train", "missing.toml"],
        ["eval", "missing.h5"],
        ["predict", "missing.h5", "a.npy"],
        ["train", "."],
        ["eval", "."],
    ],
    ids=" ".join,
)
def test_bad_input_gets_one_message_and_code_2(nbcnn: Run, arguments: list[str]) -> None:
    outcome = nbcnn(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err and "Traceback" not in outcome.err
    assert len(outcome.err.splitlines()) <= 4


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 1, "not enough memory"),
        (OSError(28, "No space left on device", "x"), 1, "x: No space left on device"),
        (ZeroDivisionError("division by zero"), 1, "ZeroDivisionError: division by zero; this is a bug in nbcnn"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_traceback_but_for_debug(
    nbcnn: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, message: str
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(api, "schema", fail)
    outcome = nbcnn("schema")
    assert (outcome.code, outcome.out) == (code, "")
    assert message in outcome.err and len(outcome.err.strip().splitlines()) == 1
    for arguments in (("--debug", "schema"), ("schema", "--debug")):
        outcome = nbcnn(*arguments)
        assert outcome.code == code
        assert "Traceback" in outcome.err and message in outcome.err


def test_a_reader_that_leaves_is_no_error() -> None:
    program = "from nbcnn_cli.main import main; main(['schema'])"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.skipif(os.name != "posix", reason="a shell closes the streams")
def test_closed_streams_are_no_error() -> None:
    command = shlex.join([sys.executable, "-m", "nbcnn_cli", "validate", "specs/digits.toml"])
    for closed in (">&-", "2>&-", "<&- >&- 2>&-"):
        assert subprocess.run(["sh", "-c", f"{command} {closed}"], capture_output=True).returncode == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a stream that takes nothing")
def test_bad_input_has_its_exit_code_though_nobody_can_be_told(tmp_path: Path) -> None:
    (tmp_path / "spec.toml").write_text("nonsense = 1")
    for arguments in (["--nonsense"], ["warmup", "spec.toml"], ["report", "nowhere"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([sys.executable, "-m", "nbcnn_cli", *arguments], cwd=tmp_path, stderr=full)
        assert done.returncode == 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_termination_ends_any_verb_in_order(
    nbcnn: Run, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    monkeypatch.setattr(api, "schema", lambda: os.kill(os.getpid(), number))
    outcome = nbcnn("schema")
    assert (outcome.code, outcome.out) == (code, "")
    assert "terminated" in outcome.err


def test_a_verb_under_nohup_outlives_its_terminal(nbcnn: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        monkeypatch.setattr(api, "schema", lambda: os.kill(os.getpid(), signal.SIGHUP) or {})
        assert nbcnn("schema").code == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_termination_is_no_damage_of_the_file_that_is_read(
    nbcnn: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def read(*arguments: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)

    (tmp_path / "a.npz").write_bytes(b"PK")
    monkeypatch.setattr("zipfile.ZipFile.__init__", read)
    outcome = nbcnn("data", "check", tmp_path / "a.npz")
    assert outcome.code == 143 and "terminated" in outcome.err


def test_schema_is_a_schema(nbcnn: Run) -> None:
    import json

    assert json.loads(nbcnn("schema").out)["title"] == "nbcnn spec"
