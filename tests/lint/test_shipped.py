"""No spec that is shipped has a warning; where a published network has what a rule speaks against, its file says so."""

from pathlib import Path

import pytest

from nbcnn.lint import KNOWN_DATA, Surroundings, lint
from nbcnn.network import Network, build
from nbcnn.spec import load

ROOT = Path(__file__).parents[2]
PATHS = sorted([*(ROOT / "specs").glob("*.toml"), *(ROOT / "benchmarks" / "workloads").glob("*.toml")])


def warnings(network: Network) -> list[str]:
    known = KNOWN_DATA.get(network.spec.data.source) if network.spec.data else None
    return [str(found) for found in lint(network, Surroundings(known)) if found.severity == "warning"]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_no_shipped_spec_has_a_warning(path: Path) -> None:
    assert not warnings(build(load(path)))


def test_lenet_is_told_nothing_at_all() -> None:
    assert not lint(build(load(ROOT / "specs" / "lenet5.toml")))
