"""What the guide shows of `nbcnn fix` is what it prints."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from wrong_specs import layer

Run = Callable[..., Any]
GUIDE = (Path(__file__).parents[2] / "docs" / "guide.md").read_text(encoding="utf-8")
KERAS = 'name = "keras"\n[input]\nshape = [1, 8, 8]\n' + layer("Conv2D", "filters = 8", "kernel_size = 11")


def test_the_guide_shows_what_fix_prints(nbcnn: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("keras.toml").write_text(KERAS)
    shown = re.search(r"\$ nbcnn fix keras.toml\n(.*?)```", GUIDE, re.DOTALL)
    assert shown is not None
    outcome = nbcnn("fix", "keras.toml")
    *fixed, summary = shown[1].splitlines()
    assert outcome.out.splitlines() == fixed
    assert outcome.err.splitlines()[-1] == summary
    assert "error[NB112]" in outcome.err


def test_the_guide_shows_what_is_said_in_chinese(nbcnn: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    image = "[input]\nshape = [1, 28, 28]\n"
    conv = layer("conv", 'name = "conv1"', "out_channels = 6", "kernel_size = 5")
    Path("shallow.toml").write_text(image + conv + layer("linear", "out_features = 10"))
    shown = re.search(r"\$ nbcnn validate shallow.toml --lang zh\n(.*?)```", GUIDE, re.DOTALL)
    assert shown is not None
    assert nbcnn("validate", "shallow.toml", "--lang", "zh").err == shown[1]
