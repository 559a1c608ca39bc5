"""The guide lists every rule, as the catalogue and the pages have it, and shows what is printed."""

import re
from pathlib import Path
from typing import Any

import pytest

from nbcnn.explanations import explanation
from nbcnn.lint import RULES

ROOT = Path(__file__).parents[2]
SECTION = (
    (ROOT / "docs" / "guide.md")
    .read_text(encoding="utf-8")
    .partition("## What validate warns about\n")[2]
    .partition("\n## ")[0]
)
NORM = """[input]
shape = [3, 12, 12]
[[layers]]
type = "conv"
out_channels = 16
kernel_size = 3
[[layers]]
type = "batch_norm"
activation = "relu"
[[layers]]
type = "global_avg_pool"
[[layers]]
type = "flatten"
[[layers]]
type = "linear"
out_features = 10
"""


def test_the_guide_lists_the_rules() -> None:
    rows = re.findall(r"^\| (NB\d+) \| (\w+) \| (.*) \|$", SECTION, re.MULTILINE)
    assert rows == [(code.value, rule.severity, rule.title) for code, rule in RULES.items()]


def test_pages_have_the_titles_of_the_rules() -> None:
    assert [explanation(code).title for code in RULES] == [rule.title for rule in RULES.values()]


def test_the_guide_shows_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    from nbcnn_cli.main import main

    monkeypatch.chdir(tmp_path)
    Path("norm.toml").write_text(NORM, encoding="utf-8")
    with pytest.raises(SystemExit) as end:
        main(["validate", "norm.toml"])
    assert end.value.code == 0
    shown = re.search(r"\$ nbcnn validate norm.toml\n(.*?)```", SECTION, re.DOTALL)
    assert shown is not None and capfd.readouterr().err == shown[1]
