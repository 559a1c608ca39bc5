"""Each rule finds what it is there for, where it stands, and leaves alone what comes near."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from lint_examples import EXAMPLES

from nbcnn.errors import SpecError
from nbcnn.layers.problems import Code
from nbcnn.lint import RULES, Surroundings, lint
from nbcnn.network import Network, build
from nbcnn.spec import Diagnostic, load, parse

SAMPLE_BYTES = 96 << 20
EXPLANATIONS = Path(__file__).parents[2] / "nbcnn" / "explanations"


def planned(network: Network) -> int:
    """What training takes on a machine of our own."""
    return SAMPLE_BYTES * network.spec.train.batch_size


@pytest.fixture
def findings(tmp_path: Path) -> Callable[..., list[Diagnostic]]:
    """What the linter says of a spec in a file."""

    def find(text: str, surroundings: Surroundings) -> list[Diagnostic]:
        path = tmp_path / "spec.toml"
        path.write_text(text, encoding="utf-8")
        return lint(build(load(path), planned), surroundings)

    return find


@pytest.mark.parametrize("code", EXAMPLES)
def test_it_is_found_at_its_place(code: str, findings: Callable[..., list[Diagnostic]]) -> None:
    example = EXAMPLES[code]
    before, fault, after = re.split("[«»]", example.wrong)
    (found,) = findings(before + fault + after, example.surroundings)
    assert (found.code.value, found.severity) == (code, example.severity)
    assert example.message in found.message
    lines = before.splitlines()
    start = len(lines), len(lines[-1]) + 1
    assert (found.line, found.column) == start
    assert (found.end_line, found.end_column) == (start[0], start[1] + len(fault))


@pytest.mark.parametrize("code", EXAMPLES)
def test_what_comes_near_is_left_alone(code: str, findings: Callable[..., list[Diagnostic]]) -> None:
    found = findings(EXAMPLES[code].near, EXAMPLES[code].surroundings)
    assert code not in [each.code.value for each in found]


@pytest.mark.parametrize("code", EXAMPLES)
def test_what_is_offered_as_a_change_can_be_made(code: str, findings: Callable[..., list[Diagnostic]]) -> None:
    """A safe one removes the finding and brings no other."""
    example = EXAMPLES[code]
    (found,) = findings(re.sub("[«»]", "", example.wrong), example.surroundings)
    document = load_document(re.sub("[«»]", "", example.wrong))
    for change in found.changes:
        changed = change.apply(document)
        try:
            after = lint(build(parse(changed), planned), example.surroundings)
        except SpecError:
            assert not change.safe
            continue
        if change.safe:
            assert not after


def load_document(text: str) -> dict[str, object]:
    import tomllib

    return tomllib.loads(text)


def test_every_rule_has_an_example_and_an_explanation() -> None:
    codes = [code.value for code in Code if not code.is_error]
    assert [code.value for code in RULES] == codes == list(EXAMPLES)
    for code, rule in RULES.items():
        assert rule.code is code and rule.title and rule.find.__doc__
        assert rule.severity == EXAMPLES[code.value].severity
