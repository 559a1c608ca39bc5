"""From a change of a document to new text in its files: everything but what changes stays as it was written.

Loaded when there is something to report, as `positions` is.
"""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from nbcnn.spec.edits import Edit, TextEdit
from nbcnn.spec.places import Path
from nbcnn.spec.positions import Span, Spot, comments
from nbcnn.spec.sources import Source, Sources

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SPACES = re.compile(r"[ \t]*")
_DOTTED = re.compile(r"""[ \t]*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')[ \t]*\.[ \t]*)*""")
"""What may stand on a line before the last part of its key."""

Piece = tuple[int, int, str]
"""From which character to which other, and what stands there afterwards."""


class NotPlaced(Exception):
    """What is to change stands in no file, or in a way that is not changed here."""


def text_edits(sources: Sources, edits: tuple[Edit, ...]) -> tuple[TextEdit, ...]:
    """The parts of the files' texts that change, in their order; none where one of the edits cannot be made."""
    if not sources.files or sources.overridden:  # then the document is not what stands in the files
        return ()
    try:
        found = [each for edit in edits for each in _placed(sources, edit)]
    except NotPlaced:
        return ()
    found.sort(key=lambda each: (each.file, each.start, each.end))
    overlap = any(one.file == other.file and other.start < one.end for one, other in pairwise(found))
    return () if overlap else tuple(found)


def _placed(sources: Sources, edit: Edit) -> Iterator[TextEdit]:
    *parents, last = edit.path
    found, table = sources.find(edit.path), sources.find(tuple(parents))
    if found is not None and found[2] == len(edit.path):
        text = _Text(found[0])
        match edit.action:
            case "put":
                pieces = text.replaced(found[1], edit.value)
            case "delete":
                pieces = text.deleted(text.at(edit.path[:-1]), found[1])
            case "insert":
                pieces = text.inserted(found[1], edit.value)
            case "rename":
                pieces = text.renamed(found[1], edit.value)
    elif edit.action == "put" and isinstance(last, str) and table is not None and table[2] == len(parents):
        text = _Text(table[0])
        pieces = text.added(table[1], last, edit.value)
    else:
        raise NotPlaced
    for start, end, new in pieces:
        yield text.source.edit(start, end, new)


class _Text:
    """A text, TOML or JSON, and what to change in it."""

    def __init__(self, source: Source):
        self.source, self.text, self.is_json = source, source.text, source.is_json
        self.newline = source.newline

    def at(self, path: Path) -> Spot:
        spot = self.source.root
        for part in path:
            spot = spot.below[part]
        return spot

    def renamed(self, spot: Spot, key: str) -> list[Piece]:
        return [(*mention, self._key(key)) for mention in spot.mentions]

    def replaced(self, spot: Spot, value: Any) -> list[Piece]:
        if self._is_section(spot):
            raise NotPlaced
        written, new = self._whole(spot), self._value(value)
        if written.startswith("'") and new == f'"{value}"' and "'" not in value:
            new = f"'{value}'"
        return [(*spot.span, new)]

    def added(self, table: Spot, key: str, value: Any) -> list[Piece]:
        """A key at the end of a table."""
        if self._is_section(table):
            return [self._new_line(table, f"{self._key(key)} = {self._value(value)}")]
        self._whole(table)
        equals = ": " if self.is_json else " = "
        if not table.below:
            at = table.span[0] + 1
            return [(at, at, f"{self._key(key)}{equals}{self._value(value)}")]
        last = [*table.below.values()][-1]
        start, end = _extent(last)
        if last.key is not None and not last.is_dotted:
            equals = self.text[last.key[1] : last.span[0]]
        return [(end, end, f",{self._gap(start)}{self._key(key)}{equals}{self._value(value)}")]

    def inserted(self, spot: Spot, entry: Any) -> list[Piece]:
        """An entry of a list, before another."""
        if self._is_section(spot):
            return [self._new_section(spot, entry)]
        start = spot.span[0]
        return [(start, start, f"{self._value(entry)},{self._gap(start)}")]

    def deleted(self, parent: Spot, spot: Spot) -> list[Piece]:
        """An entry of a list, or a key with its value."""
        if self._is_section(spot):
            return [self._no_section(spot)]
        self._whole(spot)
        if self._is_statement(spot):
            return [self._no_line(spot)]
        if parent.is_dotted:
            raise NotPlaced
        return [self._no_entry(parent, spot)]

    def _is_section(self, spot: Spot) -> bool:
        """Whether it is a table that a header begins, or the beginning of a TOML text."""
        if self.is_json or spot is self.source.root:
            return not self.is_json
        return spot.key is not None and spot.span[0] < spot.key[0]

    def _is_statement(self, spot: Spot) -> bool:
        """Whether the key and its value have TOML's lines for themselves."""
        if self.is_json or spot.key is None:
            return False
        return bool(_DOTTED.fullmatch(self.text, self._line_start(spot.key[0]), spot.key[0]))

    def _whole(self, spot: Spot) -> str:
        """The text of a value; raises NotPlaced where it is written in parts, or with comments in it."""
        written = self.text[slice(*spot.span)]
        if spot.is_dotted or (not self.is_json and written[0] in "[{" and "#" in written):
            raise NotPlaced
        return written

    def _line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        """Where the line ends, before the characters that end it."""
        end = self.text.find("\n", at)
        end = len(self.text) if end < 0 else end
        return end - self.text.endswith("\r", at, end)

    def _next_line(self, at: int) -> int:
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end + 1

    def _spaces(self, at: int) -> int:
        """Where blanks and tabs end."""
        found = _SPACES.match(self.text, at)
        return found.end() if found else at

    def _indent(self, at: int) -> str:
        start = self._line_start(at)
        return self.text[start : self._spaces(start)]

    def _gap(self, start: int) -> str:
        """What stands between two entries of a list or table: a new line, where the one at `start` begins a line."""
        line = self._line_start(start)
        return self.newline + self._indent(start) if line and not self.text[line:start].strip() else " "

    def _new_line(self, table: Spot, line: str) -> Piece:
        """After the last line of a section."""
        if table is self.source.root and table.end is None:
            return 0, 0, line + self.newline * 2
        if table.end is None:
            raise NotPlaced
        keys = [spot.key[0] for spot in table.below.values() if spot.key and table.span[1] <= spot.key[0] < table.end]
        at = self._line_end(table.end)
        return at, at, self.newline + self._indent(max(keys, default=table.span[0])) + line

    def _new_section(self, spot: Spot, entry: dict[str, Any]) -> Piece:
        """Before the header of a table in a list, and before the comments that stand directly above it."""
        at = start = self._line_start(spot.span[0])
        while at and (above := self.text[self._line_start(at - 1) : at].strip()).startswith("#"):
            if above.startswith("#:"):  # a directive, which must stay the first line
                break
            at = self._line_start(at - 1)
        indent = self.text[start : spot.span[0]]
        lines = [self.text[slice(*spot.span)], *(f"{self._key(key)} = {self._value(entry[key])}" for key in entry)]
        is_apart = at > 0 and not self.text[self._line_start(at - 1) : at].strip()
        return at, at, "".join(indent + line + self.newline for line in lines) + self.newline * is_apart

    def _no_section(self, spot: Spot) -> Piece:
        """From a header to what comes after its last line and the blank lines below that; comments stay."""
        if spot.end is None:
            raise NotPlaced
        start, stop = self._line_start(spot.span[0]), self._next_line(max(_ends(spot)))
        end = stop
        while end < len(self.text) and not self.text[end : self._next_line(end)].strip():
            end = self._next_line(end)
        kept = [found + self.newline for found in comments(self.text[start:stop])]
        return start, stop if kept else end, "".join(kept)

    def _no_line(self, spot: Spot) -> Piece:
        """A comment after the value stays, on a line of its own."""
        start, after = self._line_start(spot.span[0] if spot.key is None else spot.key[0]), self._spaces(spot.span[1])
        if self.text.startswith("#", after):
            return self._spaces(start), after, ""
        return start, self._next_line(after), ""

    def _no_entry(self, parent: Spot, spot: Spot) -> Piece:
        """With the comma after it, or where it is the last, before it."""
        start, end = _extent(spot)
        after = self._blank(end)
        if self.text.startswith(",", after):
            line, stop = self._line_start(start), self._spaces(after + 1)
            if not self.text[line:start].strip() and self._line_end(stop) == stop:
                return line, self._next_line(stop), ""
            return start, stop, ""
        before = [each for each in parent.below.values() if _extent(each)[1] <= start]
        if not before:
            return start, end, ""
        last = _extent(before[-1])[1]
        return (start, end, "") if "#" in self.text[last:start] else (last, end, "")

    def _blank(self, at: int) -> int:
        """Where blanks and lines that end there are over; a comment is none."""
        while at < len(self.text) and self.text[at] in " \t\r\n":
            at += 1
        return at

    def _key(self, key: str) -> str:
        return key if not self.is_json and _BARE_KEY.fullmatch(key) else self._value(key)

    def _value(self, value: Any) -> str:
        if self.is_json:
            return json.dumps(value, ensure_ascii=self.text.isascii())
        match value:
            case str():
                return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
            case dict():
                pairs = (f"{self._key(key)} = {self._value(each)}" for key, each in value.items())
                return "{" + ", ".join(pairs) + "}"
            case list() | tuple():
                return f"[{', '.join(map(self._value, value))}]"
            case bool():
                return str(value).lower()
            case _:
                return repr(value)


def _extent(spot: Spot) -> Span:
    """A value with its key, which may have dots and stand in several places."""
    within = [_extent(each) for each in spot.below.values()] if spot.is_dotted else []
    start = min([spot.mentions[0][0] if spot.mentions else spot.span[0], *(each[0] for each in within)])
    return start, max([spot.span[1], *(each[1] for each in within)])


def _ends(spot: Spot) -> Iterator[int]:
    """Where the sections of a table, and of those in it, end."""
    if spot.end is not None:
        yield spot.end
    for each in spot.below.values():
        yield from _ends(each)
