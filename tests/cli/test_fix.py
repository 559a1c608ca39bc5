"""`nbcnn fix`, as a person or a hook runs it."""

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from wrong_specs import LENET, SPEC, layer

Run = Callable[..., Any]
FIXED = LENET.replace("in_features = 400\n", "")
UNSURE = SPEC.replace("= 3", "= 11")


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    monkeypatch.chdir(tmp_path)

    def write(text: str, name: str = "lenet.toml") -> Path:
        path = Path(name)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_it_says_what_it_fixed(nbcnn: Run, write: Callable[..., Path]) -> None:
    path = write(LENET)
    outcome = nbcnn("fix", path)
    assert outcome.code == 0 and path.read_text() == FIXED
    made = "fixed NB104: `fc1` declares 400 inputs but receives 256; delete this line; the value is inferred"
    assert outcome.out == f"lenet.toml:28: {made}\n"
    assert outcome.err == "1 fix made\n"
    again = nbcnn("fix", path)
    assert (again.code, again.out, again.err) == (0, "", "nothing to fix\n")


def test_diff_changes_nothing(nbcnn: Run, write: Callable[..., Path]) -> None:
    path = write(LENET.removesuffix("\n"))
    outcome = nbcnn("fix", "--diff", path)
    assert outcome.code == 0 and path.read_text() == LENET.removesuffix("\n")
    assert outcome.out.splitlines() == [
        "--- lenet.toml",
        "+++ lenet.toml",
        "@@ -25,5 +25,4 @@",
        " [[layers]]",
        ' type = "linear"',
        ' name = "fc1"',
        "-in_features = 400",
        " out_features = 120",
        "\\ No newline at end of file",
    ]
    assert outcome.err.splitlines()[-1] == "1 fix to make" and "would fix NB104" in outcome.err


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs patch")
def test_a_patch_takes_the_diff(nbcnn: Run, write: Callable[..., Path]) -> None:
    path = write(LENET)
    diff = nbcnn("fix", "--diff", path).out
    subprocess.run(["patch", "-p0"], input=diff, text=True, check=True, capture_output=True)
    assert path.read_text() == FIXED


def test_what_is_left_is_printed(nbcnn: Run, write: Callable[..., Path]) -> None:
    path = write(UNSURE.replace("out_channels", "filters"))
    outcome = nbcnn("fix", path)
    assert outcome.code == 2 and path.read_text() == UNSURE
    assert "fixed NB103" in outcome.out and "error[NB112]" in outcome.err
    assert outcome.err.splitlines()[-1] == "1 fix made, 1 error left, 1 more with --unsafe-fixes"
    outcome = nbcnn("fix", "--unsafe-fixes", path)
    assert (outcome.code, path.read_text()) == (0, SPEC.replace("= 3", "= 8"))


def test_several_files_and_one_that_is_not_there(nbcnn: Run, write: Callable[..., Path]) -> None:
    one, other = write(LENET, "a.toml"), write(SPEC.replace("= 3", '= "3"'), "b.toml")
    outcome = nbcnn("fix", one, "missing.toml", other)
    assert outcome.code == 2 and (one.read_text(), other.read_text()) == (FIXED, SPEC)
    assert "error[NB101]" in outcome.err and outcome.err.endswith("2 fixes made, 1 error left\n")


def test_json(nbcnn: Run, write: Callable[..., Path]) -> None:
    outcome = nbcnn("fix", write(LENET), "--diff", "--format", "json")
    found = json.loads(outcome.out)
    assert (outcome.code, outcome.err, found["file"], found["diagnostics"]) == (0, "", "lenet.toml", [])
    (made,) = found["fixes"]
    assert (made["code"], made["line"], made["safe"]) == ("NB104", 28, True)
    assert [edit["text"] for edit in made["edits"]] == [""]
    assert [each["file"] for each in json.loads(nbcnn("fix", "lenet.toml", "a.toml", "--format", "json").out)] == [
        "lenet.toml", "a.toml",
    ]  # fmt: skip


def test_standard_input_goes_to_standard_output(nbcnn: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        buffer = io.BytesIO(LENET.replace("\n", "\r\n").encode())

    monkeypatch.setattr("sys.stdin", Input)
    run = subprocess.run([sys.executable, "-m", "nbcnn_cli", "fix", "-"], input=LENET.encode(), capture_output=True)
    assert (run.returncode, run.stdout.decode()) == (0, FIXED)
    assert b"fixed NB104" in run.stderr


def test_a_file_that_it_extends_is_named_and_stays(nbcnn: Run, write: Callable[..., Path]) -> None:
    base = write(SPEC.replace("kernel_size", "kernel_sise"), "base.toml")
    before = base.read_text()
    outcome = nbcnn("fix", write('extends = "base.toml"\n', "child.toml"))
    assert outcome.code == 2 and base.read_text() == before
    assert "child.toml: more can be fixed in a file that it extends: nbcnn fix base.toml" in outcome.err
    assert nbcnn("fix", "base.toml").code == 0 and base.read_text() == SPEC


def test_a_block_is_fixed_where_it_is_written(nbcnn: Run, write: Callable[..., Path]) -> None:
    uses = layer("block", 'block = "b"', "repeat = 2", 'with = {widht = 2} # "wide"')
    text = "[input]\nshape = [1, 8, 8]\n" + uses + '[blocks.b]\nparameters = {width = 1} # "narrow"\n'
    inner = '[[blocks.b.layers]]\ntype = "conv"\nout_channels = "$width"\nkernel_size = 3\n'
    path = write(text + inner + "in_channels = 7 # seven\n")
    assert nbcnn("fix", path).code == 0
    assert path.read_text() == text.replace("widht", "width") + inner + "# seven\n"


def test_a_file_that_cannot_be_written_stays(nbcnn: Run, write: Callable[..., Path], monkeypatch: Any) -> None:
    def full(*arguments: object) -> int:
        raise OSError(28, "No space left on device")

    path = write(LENET)
    with monkeypatch.context() as patch:
        patch.setattr("os.write", full)
        outcome = nbcnn("fix", path)
    assert outcome.code == 1 and "No space left on device" in outcome.err
    assert path.read_text() == LENET and [each.name for each in path.parent.iterdir()] == ["lenet.toml"]
