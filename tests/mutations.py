"""Slips of the pen, as they happen to lines of a spec, and the shipped specs that they happen to."""

import random
import re
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
SPECS = {
    path.name: path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "specs").glob("*.toml"))
    if path.stat().st_size < 5000
}

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


_KEY = re.compile(r"^([ \t]*)([A-Za-z_][\w.]*)([ \t]*=[ \t]*)(.*)$")
_VALUES = [
    "true", '"text"', '""', "[]", "{}", "[1, [2]]", "{a = 1}", "1.5", "-3", "0", "nan", "inf", "-inf", "1e400",
    "9" * 30, "2024-01-01", "[1, 1, 1, 1, 1]", '"$width"', '"$width * 2"', "[[1, 2], [3, 4]]", '["a", 1]',
    "1_000_000_000", "0x10",
]  # fmt: skip


def _key(draw: random.Random, lines: list[str]) -> tuple[int, re.Match[str]]:
    """A line with a key and a value."""
    found = [(number, each) for number, line in enumerate(lines) if (each := _KEY.match(line))]
    return draw.choice(found)


def with_a_key_renamed(draw: random.Random, lines: list[str]) -> None:
    at, found = _key(draw, lines)
    letters = list(found[2])
    cut = draw.randrange(len(letters))
    letters[cut] = draw.choice(["", letters[cut] * 2, "_", letters[cut].upper(), "x"])
    lines[at] = found[1] + "".join(letters) + found[3] + found[4]


def with_a_key_deleted(draw: random.Random, lines: list[str]) -> None:
    del lines[_key(draw, lines)[0]]


def with_a_key_of_elsewhere(draw: random.Random, lines: list[str]) -> None:
    lines.insert(_at(draw, lines) + 1, lines[_key(draw, lines)[0]])


def with_another_value(draw: random.Random, lines: list[str]) -> None:
    at, found = _key(draw, lines)
    lines[at] = found[1] + found[2] + found[3] + draw.choice(_VALUES)


def with_the_text_cut(draw: random.Random, lines: list[str]) -> None:
    at = _at(draw, lines)
    lines[at:] = [lines[at][: draw.randrange(len(lines[at]) + 1)]]


def with_a_character_flipped(draw: random.Random, lines: list[str]) -> None:
    at = _at(draw, lines)
    cut = draw.randrange(len(lines[at]))
    lines[at] = lines[at][:cut] + chr(ord(lines[at][cut]) ^ 1 << draw.randrange(7)) + lines[at][cut + 1 :]


def with_a_table_moved(draw: random.Random, lines: list[str]) -> None:
    headers = [number for number, line in enumerate(lines) if line.startswith("[")]
    if not headers:
        return
    at = draw.choice(headers)
    end = next((number for number in headers if number > at), len(lines))
    table = lines[at:end]
    del lines[at:end]
    to = draw.choice([*(number for number, line in enumerate(lines) if line.startswith("[")), len(lines)])
    lines[to:to] = table


KINDS: list[Mutation] = [
    *MUTATIONS, with_a_key_renamed, with_a_key_deleted, with_a_key_of_elsewhere, with_another_value, with_the_text_cut,
    with_a_character_flipped, with_a_table_moved,
]  # fmt: skip
"""All kinds there are."""


def mutated(draw: random.Random, folder: Path, mutations: list[Mutation] = MUTATIONS) -> Path:
    """One of the shipped specs with one slip or two, in a folder with those that it extends."""
    name = draw.choice(sorted(SPECS))
    for other, text in SPECS.items():
        if f'"{other}"' in SPECS[name] or any(f'"{other}"' in SPECS[each] for each in SPECS if each in SPECS[name]):
            (folder / other).write_text(text, encoding="utf-8")
    lines = SPECS[name].split("\n")
    for _ in range(draw.choice([1, 1, 2])):
        if sum(bool(_KEY.match(line)) for line in lines) > 1:  # else there is nothing left to spoil
            draw.choice(mutations)(draw, lines)
    path = folder / name
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
