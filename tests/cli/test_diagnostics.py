"""How errors look: the line with a mark below it, in a terminal of any width and in a pipe."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from wrong_specs import JSON, TOML, layer
from wrong_specs import LENET as LENET_5

Run = Callable[..., Any]
LENET = """name = "lenet"
[input]
shape = [1, 28, 28]
[[layers]]
type = "conv"
out_channels = 6
kernel_size = 5
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Write a spec that is wrong; the path is short, as it is in a terminal."""
    monkeypatch.chdir(tmp_path)

    def write(text: str, name: str = "lenet.toml") -> str:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return name

    return write


def test_a_line_with_a_mark_below_it(nbcnn: Run, write: Callable[..., str]) -> None:
    outcome = nbcnn("validate", write(LENET + "\n\nkernel_sise = 3 # five"))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.splitlines() == [
        'error[NB103]: `conv1`: unknown key "kernel_sise"',
        "  --> lenet.toml:10:1",
        "   |",
        "10 | kernel_sise = 3 # five",
        "   | ^^^^^^^^^^^ expected kernel_size",
        "   = help: the nearest key is kernel_size",
    ]


def test_tabs_and_wide_characters_keep_the_mark_in_its_place(nbcnn: Run, write: Callable[..., str]) -> None:
    lines = nbcnn("validate", write('name = "\x1b[31m"')).err.splitlines()
    assert lines[3:5] == [r'1 | name = "\x1b[31m"', "  |         ^^^^"]
    text = 'layers = [\t{"name" = "日本", type = "conv2d"}]\n[input]\nshape = [1, 8]\n'
    lines = nbcnn("validate", write(text)).err.splitlines()
    shown, mark = next((lines[at], lines[at + 1]) for at in range(len(lines)) if lines[at].startswith("1 |"))
    assert shown == '1 | layers = [  {"name" = "日本", type = "conv2d"}]'
    # Each of the two wide characters takes two columns.
    assert mark.index("^") == shown.index('"conv2d"') + 2


@pytest.mark.parametrize("name", ["lenet.toml", "lenet.json"])
def test_json_has_all_of_it(nbcnn: Run, write: Callable[..., str], name: str) -> None:
    layers = [{"type": "linear", "out_features": 3, "in_features": 7}]
    document = {"input": {"shape": [1, 2]}, "layers": [{"type": "flatten"}, *layers]}
    text = json.dumps(document, indent=1)
    if name.endswith("toml"):
        text = '[input]\nshape = [1, 2]\n[[layers]]\ntype = "flatten"\n[[layers]]\ntype = "linear"\nout_features = 3\n'
        text += "in_features = 7\n"
    outcome = nbcnn("validate", write(text, name), "--format", "json")
    assert (outcome.code, outcome.err) == (2, "")
    (found,) = json.loads(outcome.out)["diagnostics"]
    line, column = next((at, each.index("7")) for at, each in enumerate(text.splitlines()) if "7" in each)
    assert (found["line"], found["column"], found["end_line"], found["end_column"]) == (
        line + 1, column + 1, line + 1, column + 2,
    )  # fmt: skip
    assert found["file"] == name and found["source"] == text.splitlines()[line]
    assert found["message"] == "`linear1` declares 7 inputs but receives 2"
    assert found["label"] == "expected 2" and found["help"] == found["helps"][0]


def test_ten_are_printed_and_the_rest_counted(nbcnn: Run, write: Callable[..., str]) -> None:
    lines = nbcnn("validate", write(LENET + "".join(f"key{at} = 1\n" for at in range(1234)))).err.splitlines()
    assert sum(line.startswith("error[") for line in lines) == 10
    assert lines[-1].startswith("and ") and lines[-1].endswith(" more")


def test_any_verb_says_it_alike(nbcnn: Run, write: Callable[..., str]) -> None:
    name = write(LENET + "stride = 0\n")
    assert nbcnn("train", name).err == nbcnn("validate", name).err
    assert nbcnn("bench", name).code == 2


def test_without_a_line_there_is_the_file(nbcnn: Run, write: Callable[..., str]) -> None:
    assert nbcnn("validate", "missing.toml").err.splitlines()[:2] == [
        "error[NB101]: no such file",
        "--> missing.toml",
    ]


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 200])
def test_a_terminal_is_filled_and_no_more(
    columns: int, write: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import nbcnn
    from nbcnn_cli.diagnostics import print_diagnostics

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    layers = ", ".join(['{type = "relu"}'] * 30 + ['{type = "relu", p = 1}'] + ['{type = "relu"}'] * 30)
    report = nbcnn.validate(write(f"layers = [{layers}]\n[input]\nshape = [1, 8]\n"))
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    print_diagnostics(report["diagnostics"])
    assert "\x1b[1;31m" in terminal.getvalue()
    lines = re.sub(r"\x1b\[[\d;]*m", "", terminal.getvalue()).splitlines()
    assert all(len(line) <= max(columns, 40) for line in lines if "-->" not in line)
    shown, mark = next((lines[at], lines[at + 1]) for at in range(len(lines)) if lines[at].startswith("1 |"))
    assert shown[mark.index("^")] == "p"


PAIR = (
    "[input]\nshape = [3, 16, 16]\n"
    + layer("conv", 'name = "z"', "out_channels = 4", "kernel_size = 1")
    + layer("conv", 'name = "a"', "out_channels = 4", "kernel_size = 3", "padding = 1", "stride = 2")
    + layer("add", 'from = ["z", "a"]')
)


@pytest.mark.parametrize(("page", "text"), [("README.md", LENET_5), ("docs/guide.md", PAIR)])
def test_the_pages_show_what_is_printed(page: str, text: str, nbcnn: Run, write: Callable[..., str]) -> None:
    content = (Path(__file__).parents[2] / page).read_text(encoding="utf-8")
    shown = re.search(r"\$ nbcnn validate (\w+\.toml)\n(error.*?)```", content, re.DOTALL)
    assert shown is not None
    assert nbcnn("validate", write(text, shown[1])).err == shown[2]


CASES = [("wrong.toml", *case) for case in TOML.values()] + [("wrong.json", *case) for case in JSON.values()]


@pytest.mark.parametrize(("name", "marked", "code", "message"), CASES, ids=[*TOML, *(f"json: {each}" for each in JSON)])
def test_every_wrong_spec_is_printed(
    name: str, marked: str, code: str, message: str, nbcnn: Run, write: Callable[..., str]
) -> None:
    """With the mark below what is at fault, as wide as that."""
    before, fault, after = re.split("[«»]", marked)
    outcome = nbcnn("validate", write(before + fault + after, name))
    assert (outcome.code, outcome.out) == (2, "")
    first, place, _, source, mark, *rest = outcome.err.splitlines()
    line = before.count("\n") + 1
    assert first.startswith(f"error[{code}]: ") and message in first
    assert place.strip() == f"--> {name}:{line}:{len(before) - before.rfind(chr(10))}"
    assert all(len(each) < 200 or not each.startswith(str(line)) for each in outcome.err.splitlines())
    start = mark.index("^")
    if fault.isascii() and fault.isprintable() and len(fault) < 100 and "\t" not in before.rpartition("\n")[2]:
        assert source[start : start + mark.count("^")] == fault
    assert all(each.lstrip(" |").startswith(("= note: ", "= help: ")) for each in rest)
