"""The hooks for pre-commit are what it reads, and their commands run on files as it passes them."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from wrong_specs import LENET, SPEC

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / ".pre-commit-hooks.yaml").read_text()
HOOKS = {
    hook["id"]: hook
    for hook in (
        dict(line[2:].split(": ", 1) for line in part.splitlines())
        for part in re.split(r"^(?=- )", TEXT, flags=re.M)[1:]
    )
}
"""Plain scalars, so that no reader of YAML is needed here."""


def test_the_hooks_have_the_keys_that_pre_commit_requires() -> None:
    assert set(HOOKS) == {"nbcnn-validate", "nbcnn-fix"}
    for hook in HOOKS.values():
        assert set(hook) == {"id", "name", "description", "entry", "language", "files"}
        assert hook["language"] == "python"
        assert re.search(hook["files"], "specs/lenet5.toml") and re.search(hook["files"], "a/specs/b/c.json")
        assert not re.search(hook["files"], "pyproject.toml")
    assert "\t" not in TEXT and not re.search(r"[:#] .*[:#] ", TEXT)


@pytest.mark.parametrize(("hook", "code"), [("nbcnn-validate", 2), ("nbcnn-fix", 0)])
def test_the_entry_runs_on_several_files(hook: str, code: int, tmp_path: Path) -> None:
    program, *arguments = shlex.split(HOOKS[hook]["entry"])
    assert program == "nbcnn"
    (tmp_path / "right.toml").write_text(SPEC)
    (tmp_path / "wrong.toml").write_text(LENET)
    command = [sys.executable, "-m", "nbcnn_cli", *arguments, "right.toml", "wrong.toml"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == code, run.stderr
    assert ("NB104" in run.stdout) == (hook == "nbcnn-fix")
    # pre-commit itself sees that a file has changed.
    assert ((tmp_path / "wrong.toml").read_text() == LENET) == (hook == "nbcnn-validate")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == code
