"""`nbcnn warmup` says where compiled code lies, and how much."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

SPEC = Path(__file__).parents[2] / "specs" / "digits.toml"


def test_in_words_and_as_json(nbcnn: Callable[..., Any]) -> None:
    assert nbcnn("warmup", SPEC).code == 0
    outcome = nbcnn("warmup", SPEC, SPEC)
    assert re.fullmatch(r"\d+ compiled functions, 0 of them new, [\d.]+ [KM]iB: .*kernels-.*\n", outcome.out)
    found = json.loads(nbcnn("warmup", SPEC, "--format", "json").out)
    assert list(found) == ["folder", "kernels", "compiled", "bytes"]


def test_specs_are_wanted_and_checked(nbcnn: Callable[..., Any], tmp_path: Path) -> None:
    outcome = nbcnn("warmup")
    assert (outcome.code, "Missing argument 'SPEC...'" in outcome.err) == (2, True)
    assert nbcnn("warmup", tmp_path / "none.toml").code == 2
