"""Slips of the pen in the shipped specs: what they make of a file builds, or every error says where it stands."""

import os
import random
import re
from pathlib import Path

import pytest
from mutations import mutated

import nbcnn
from nbcnn.spec import InvalidSpec

COUNT = int(os.environ.get("NBCNN_MUTATIONS", "60"))
"""How many to try: thousands by hand, `NBCNN_MUTATIONS=10000`."""

UNPLACED = re.compile(r"(\w+ is missing|layers: expected at least|with its blocks written out|nested too deeply)")
"""What is wrong with a file as a whole."""


@pytest.mark.parametrize("seed", range(COUNT))
def test_a_slip_builds_or_is_located(seed: int, tmp_path: Path) -> None:
    path = mutated(random.Random(seed), tmp_path)
    try:
        nbcnn.build(nbcnn.load_spec(path))
    except InvalidSpec as error:
        for each in error.diagnostics:
            assert each.file is not None
            assert each.line is not None or UNPLACED.search(each.message) or each.code == "NB101", each.message
            if each.source is not None and each.line == each.end_line:
                shown = (tmp_path / Path(each.file).name).read_text(encoding="utf-8").split("\n")[each.line - 1]
                assert shown[each.source_column - 1 :].startswith(each.source)
                assert 1 <= each.column < each.end_column <= len(shown) + 2
