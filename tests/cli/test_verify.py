"""`nbcnn verify`: a table and a verdict, and 0, 1 or 2."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_engine import FakeTrainer


def test_verify(
    fake_engine: type[FakeTrainer],
    nbcnn: Callable[..., Any],
    write_spec: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert nbcnn("train", write_spec(), "--out", "a").code == 0
    outcome = nbcnn("verify", "a")
    assert outcome.code == 0
    assert "a: the first 10 steps came out the same, bit for bit" in outcome.out
    monkeypatch.setenv("NBCNN_NUM_THREADS", "abc")
    assert nbcnn("verify", "a", "--threads", 1).code == 0
    monkeypatch.delenv("NBCNN_NUM_THREADS")
    outcome = nbcnn("verify", "a", "--steps", "1", "--format", "json")
    assert outcome.code == 0 and json.loads(outcome.out)["same"] is True
    path = Path("a/run.json")
    facts = json.loads(path.read_text())
    facts["first_steps"]["steps"][1]["loss"] = 0.5
    facts["starts"][0]["machine"]["lanes"] = 2
    path.write_text(json.dumps(facts))
    outcome = nbcnn("verify", "a")
    assert outcome.code == 1
    assert "a: step 2: loss differs; lanes was 2, is " in outcome.out
    assert "NBCNN_LANES=2 repeats it with as many lanes as then" in outcome.out
    outcome = nbcnn("verify", "b")
    assert outcome.code == 2 and "b: a run's folder is expected, this is none" in outcome.err
