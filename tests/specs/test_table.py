"""The table in `specs/README.md` has every spec, and its numbers are those of the networks."""

import re
from pathlib import Path

import pytest

from nbcnn.network import build
from nbcnn.spec import load

SPECS = Path(__file__).parents[2] / "specs"
ROW = re.compile(r"^\| \[(\w+)\]\((\w+\.toml)\) \| (\S+) \| (\S+) \| (\S+) \|$", re.MULTILINE)
ROWS = ROW.findall((SPECS / "README.md").read_text())


def test_every_spec_has_a_row() -> None:
    assert sorted(file for _, file, *_ in ROWS) == sorted(path.name for path in SPECS.glob("*.toml"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_is_true(row: tuple[str, ...]) -> None:
    name, file, shape, params, macs = row
    network = build(load(SPECS / file))
    totals = network.report()["totals"]
    assert file == f"{name}.toml"
    assert shape == "x".join(map(str, network.input_shape))
    assert (params, macs) == (f"{totals['params']:,}", f"{totals['macs']:,}")
