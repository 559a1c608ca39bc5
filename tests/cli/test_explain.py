import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from nbcnn.layers.problems import Code

Run = Callable[..., Any]


def test_a_page_in_a_pipe_is_its_markdown(nbcnn: Run) -> None:
    outcome = nbcnn("explain", "nb104")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("# A declared size differs") and outcome.out.count("```toml") == 2
    assert nbcnn("explain", "NB104", "--format", "markdown").out == outcome.out


def test_json(nbcnn: Run) -> None:
    page = json.loads(nbcnn("explain", "NB116", "--format", "json").out)
    assert set(page) == {"code", "title", "cause", "example", "cure", "text"} and page["code"] == "NB116"
    assert page["example"].startswith("```toml\n[input]")


def test_all_codes_a_line_each(nbcnn: Run) -> None:
    codes = [code.value for code in Code]
    lines = nbcnn("explain").out.splitlines()
    assert lines[0].split() == ["code", "meaning"] and [line.split()[0] for line in lines[1:]] == codes
    assert all(len(line.split()) > 2 for line in lines[1:])
    assert [page["code"] for page in json.loads(nbcnn("explain", "--format", "json").out)] == codes
    rows = nbcnn("explain", "--format", "markdown").out.splitlines()
    assert rows[1] == "| --- | --- |" and [row.split(" | ")[0] for row in rows[2:]] == [f"| {code}" for code in codes]
    assert all(row.count("|") == 3 for row in rows)


def test_an_unknown_code_names_the_nearest(nbcnn: Run) -> None:
    outcome = nbcnn("explain", "B130")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "nbcnn: 'B130' is not the code of a diagnostic; the nearest is NB130\n"
    assert "`nbcnn explain`" in nbcnn("explain", "\x1b[31m").err and "\x1b" not in nbcnn("explain", "\x1b[31m").err


@pytest.mark.parametrize("columns", [40, 80, 160])
def test_a_page_fits_the_terminal(columns: int, nbcnn: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", terminal)
        nbcnn("explain", "NB104")
    lines = re.sub(r"\x1b\[[\d;]*m", "", terminal.getvalue()).splitlines()
    assert "\x1b[" in terminal.getvalue() and "##" not in terminal.getvalue()
    assert "NB104: A declared size" in " ".join(" ".join(lines).split())
    assert all(len(line) <= columns for line in lines)
