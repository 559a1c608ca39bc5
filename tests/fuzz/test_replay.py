"""Inputs that a coverage-guided fuzzer found to reach code that others do not (tools/trust/fuzz.py), played again."""

from pathlib import Path

import pytest
from fuzz_targets import TARGETS

HERE = Path(__file__).parent


@pytest.mark.parametrize("target", TARGETS)
def test_what_the_fuzzer_found_is_refused_or_read(target: str) -> None:
    inputs = sorted((HERE / target).iterdir())
    assert len(inputs) > 30
    for path in inputs:
        TARGETS[target](path.read_bytes())
