"""Where the values of a TOML or JSON text stand in it.

The text has been parsed before, so that only what tells values apart is looked at here: keys, quotes, brackets, commas,
comments. Loaded when there is something to report: the parsers themselves give values without positions.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

MOST_DEPTH = 8
"""Lists and tables in one another whose entries are told apart: more than any key of a spec has."""
LATER = 1
"""As deep as that, and on each level below, entries are looked for when they are asked for: few of thousands are."""

Span = tuple[int, int]
"""The first character of something, and one beyond its last."""

_STRING = r'"""(?:[^\\]|\\.)*?"{3,5}|' + r"'''.*?'{3,5}|" + r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"|' + r"'[^'\n]*'"
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(rf"{_STRING}|[A-Za-z0-9_-]+", re.DOTALL)
_PLAIN = re.compile(r"[^,\]}#\r\n]*[^,\]}#\s]")
_TOKEN = re.compile(rf"{_STRING}|#[^\n]*|[\[\]{{}}]", re.DOTALL)
_VALUE = re.compile(_STRING, re.DOTALL)


@dataclass(slots=True)
class Spot:
    """A value, or the header of a table, with the key before it; `below` are the values in it.

    `mentions` are all places where the key is written, of a table in the headers of those in it as well; `end` is one
    beyond the last line's value of what a header, or the beginning of a TOML text, heads. `_later` gives the values in
    it where these have not been looked for.
    """

    span: Span
    key: Span | None = None
    is_table: bool = False
    mentions: list[Span] = field(default_factory=list)
    end: int | None = None
    _below: "dict[str | int, Spot]" = field(default_factory=dict)
    _later: "Callable[[], dict[str | int, Spot]] | None" = None

    @property
    def below(self) -> "dict[str | int, Spot]":
        if self._later is not None:
            self._below, self._later = self._later(), None
        return self._below

    @property
    def is_dotted(self) -> bool:
        """Whether it is a table only by keys with dots: `a.b = 1` makes a table of a."""
        return self.span == self.key


def positions(text: str, *, is_json: bool) -> Spot:
    """The root of a valid text."""
    return _Scanner(text, is_json, LATER).root()


def given_twice(text: str, *, is_json: bool) -> list[Span]:
    """The keys that are given twice, as only JSON's parser allows, and a TOML text that ends before its fault."""
    scanner = _Scanner(text, is_json, MOST_DEPTH)
    scanner.root()
    return scanner.twice


def comments(text: str) -> list[str]:
    """The comments in a part of a TOML text that begins and ends between two lines."""
    return [found[0].rstrip() for found in _TOKEN.finditer(text) if found[0].startswith("#")]


class _Scanner:
    def __init__(self, text: str, is_json: bool, later: int):
        self.text = text
        self.separator = ":" if is_json else "="
        self.is_json = is_json
        self.later = later
        self.twice: list[Span] = []

    def root(self) -> Spot:
        return self.value(self.blank(0), 0) if self.is_json else self.document()

    def blank(self, at: int) -> int:
        found = _BLANK.match(self.text, at)
        return found.end() if found else at

    def document(self) -> Spot:
        """The lines of a TOML text: headers, and keys with values."""
        root = Spot((0, 0), is_table=True)
        table, at = root, self.blank(0)
        while at < len(self.text):
            if self.text[at] == "[":
                table, at = self._header(root, at)
            else:
                at = self._entry(table, at, 0)
            table.end = at
            at = self.blank(at)
        return root

    def _header(self, root: Spot, start: int) -> tuple[Spot, int]:
        is_list = self.text.startswith("[[", start)
        keys, at = self._keys(start + 1 + is_list)
        end = self.text.index("]", at) + 1 + is_list
        table = root
        for number, (name, key) in enumerate(keys, 1):
            last = number == len(keys)
            spot = table.below.setdefault(name, Spot((start, end), key, is_table=not (is_list and last)))
            spot.mentions.append(key)
            if last and is_list:
                spot = spot.below.setdefault(len(spot.below), Spot((start, end), key, is_table=True))
            elif not spot.is_table and spot.below:
                spot = spot.below[len(spot.below) - 1]  # the last table of a list of tables
            elif last:
                spot.span, spot.key = (start, end), key  # until here a table below it stood for it
            table = spot
        return table, end

    def _entry(self, table: Spot, at: int, depth: int) -> int:
        """A key, which may have dots, and its value, put into the table; gives where the value ends."""
        keys, at = self._keys(at)
        at = self.blank(self.text.index(self.separator, at) + 1)
        for name, key in keys[:-1]:
            table = table.below.setdefault(name, Spot(key, key, is_table=True))
            table.mentions.append(key)
        name, key = keys[-1]
        if name in table.below:
            self.twice.append(key)
        spot = self.value(at, depth)
        spot.key = key
        spot.mentions.append(key)
        table.below[name] = spot
        return spot.span[1]

    def _keys(self, at: int) -> tuple[list[tuple[str, Span]], int]:
        keys = []
        while True:
            found = _KEY.match(self.text, self.blank(at))
            assert found
            keys.append((self._name(found[0]), found.span()))
            after = _SPACE.match(self.text, found.end())
            assert after
            at = after.end()
            if self.is_json or not self.text.startswith(".", at):
                return keys, at
            at += 1

    def _name(self, written: str) -> str:
        if "\\" in written and written[0] == '"':
            return str(json.loads(written) if self.is_json else tomllib.loads(f"k = {written}")["k"])
        return written[1:-1] if written[0] in "\"'" else written

    def value(self, at: int, depth: int) -> Spot:
        """The value that begins here, with those in it down to MOST_DEPTH."""
        opening = self.text[at]
        if opening not in "[{":
            found = _VALUE.match(self.text, at) or _PLAIN.match(self.text, at)
            assert found
            return Spot(found.span())
        if depth >= MOST_DEPTH:
            return Spot((at, self._closing(at)))
        if depth == self.later:
            below = _Scanner(self.text, self.is_json, depth + 1)
            return Spot((at, self._closing(at)), is_table=opening == "{", _later=lambda: below.value(at, depth).below)
        spot, start = Spot((at, at), is_table=opening == "{"), at
        at = self.blank(at + 1)
        while self.text[at] not in "]}":
            if spot.is_table:
                at = self._entry(spot, at, depth + 1)
            else:
                entry = spot.below[len(spot.below)] = self.value(at, depth + 1)
                at = entry.span[1]
            at = self.blank(at)
            if self.text[at] == ",":
                at = self.blank(at + 1)
        spot.span = (start, at + 1)
        return spot

    def _closing(self, at: int) -> int:
        """One beyond the bracket that closes the one here."""
        depth = 0
        for found in self._tokens(at):
            depth += (found[0] in "[{") - (found[0] in "]}")
            if not depth:
                return found.end()
        return len(self.text)

    def _tokens(self, at: int) -> Iterable[re.Match[str]]:
        return _TOKEN.finditer(self.text, at)
