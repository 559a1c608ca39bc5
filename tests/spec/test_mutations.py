"""Slips of the pen in the shipped specs: what they make of a file builds, or every error says where it stands."""

import os
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import nbcnn
from nbcnn.spec import InvalidSpec

ROOT = Path(__file__).parents[2]
SPECS = {
    path.name: path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "specs").glob("*.toml"))
    if path.stat().st_size < 5000
}
COUNT = int(os.environ.get("NBCNN_MUTATIONS", "60"))
"""How many to try: thousands by hand, `NBCNN_MUTATIONS=10000`."""

Mutation = Callable[[random.Random, list[str]], None]


def _at(draw: random.Random, lines: list[str]) -> int:
    """A line that says something."""
    return draw.choice([number for number, line in enumerate(lines) if line.strip() and not line.startswith("#")])


def without_a_line(draw: random.Random, lines: list[str]) -> None:
    del lines[_at(draw, lines)]


def with_a_line_twice(draw: random.Random, lines: list[str]) -> None:
    at = _at(draw, lines)
    lines.insert(at, lines[at])


def with_lines_exchanged(draw: random.Random, lines: list[str]) -> None:
    one, other = _at(draw, lines), _at(draw, lines)
    lines[one], lines[other] = lines[other], lines[one]


def with_another_number(draw: random.Random, lines: list[str]) -> None:
    at = _at(draw, lines)
    lines[at] = re.sub(r"\d+", lambda _: draw.choice(["0", "1", "2", "3", "7", "64", "-1", "1000000000000"]), lines[at])


def with_a_letter_less(draw: random.Random, lines: list[str]) -> None:
    at = _at(draw, lines)
    cut = draw.randrange(len(lines[at]))
    lines[at] = lines[at][:cut] + lines[at][cut + 1 :]


def with_a_letter_more(draw: random.Random, lines: list[str]) -> None:
    at = _at(draw, lines)
    cut = draw.randrange(len(lines[at]) + 1)
    lines[at] = lines[at][:cut] + draw.choice("aeinrst_=\"'[]{},.#$1 0\t日") + lines[at][cut:]


def with_another_word(draw: random.Random, lines: list[str]) -> None:
    words = re.findall(r"\w+", "".join(lines))
    at = _at(draw, lines)
    found = list(re.finditer(r"\w+", lines[at]))
    if found:
        span = draw.choice(found).span()
        lines[at] = lines[at][: span[0]] + draw.choice(words) + lines[at][span[1] :]


MUTATIONS: list[Mutation] = [
    without_a_line, with_a_line_twice, with_lines_exchanged, with_another_number, with_a_letter_less,
    with_a_letter_more, with_another_word,
]  # fmt: skip
UNPLACED = re.compile(r"(\w+ is missing|layers: expected at least|with its blocks written out|nested too deeply)")
"""What is wrong with a file as a whole."""


@pytest.mark.parametrize("seed", range(COUNT))
def test_a_slip_builds_or_is_located(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    name = draw.choice(sorted(SPECS))
    for other, text in SPECS.items():
        if f'"{other}"' in SPECS[name] or any(f'"{other}"' in SPECS[each] for each in SPECS if each in SPECS[name]):
            (tmp_path / other).write_text(text, encoding="utf-8")
    lines = SPECS[name].split("\n")
    for _ in range(draw.choice([1, 1, 2])):
        draw.choice(MUTATIONS)(draw, lines)
    path = tmp_path / name
    path.write_text("\n".join(lines), encoding="utf-8")
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
