"""The tables and keys of a TOML text that need not be valid: a person is in the middle of a line.

A header, or a key at the beginning of a line, ends all that is open before it; an inline table, and what is in one,
ends with its line; a string ends with its line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from nbcnn.spec.places import Path

MOST_DEPTH = 16
"""Lists and tables in one another that are followed."""

_PART = r"[A-Za-z0-9_-]+|\"[^\"\n]*\"|'[^'\n]*'"
_DOTTED = rf"(?:{_PART})(?:[ \t]*\.[ \t]*(?:{_PART}))*"
_HEADER = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_DOTTED})[ \t]*\]{{0,2}}[ \t]*(?:#.*)?\r?$", re.MULTILINE)
_KEY = re.compile(rf"({_DOTTED})[ \t]*=[ \t]*")
_PARTS = re.compile(_PART)
_RECOVERY = re.compile(
    r"\[\[?[A-Za-z][A-Za-z0-9_.-]*\]{0,2}[ \t]*(?:#.*)?\r?$|[A-Za-z][A-Za-z0-9_.-]*[ \t]*=", re.MULTILINE
)
_BLANK = re.compile(r"(?:[ \t\r]|#[^\n]*)*")
_STRING = re.compile(r'"""(?:.|\n)*?"""|' + r"'''(?:.|\n)*?'''|" + r'"(?:[^"\\\n]|\\.)*"?|' + r"'[^'\n]*'?")
_PLAIN = re.compile(r"[^,\[\]{}#\n]*[^,\[\]{}#\s]|")
_WORD = re.compile(r"[^,\[\]{}#\n]+")
_QUOTED = re.compile(r"""(["'])([^"'\n]*)\1$""")
_SCHEMA = re.compile(r"""(#:schema|"\$schema"\s*:)[^\n]*nbcnn""")
_JSON_KEY = re.compile(r'"([a-z]+)"\s*:')


@dataclass(frozen=True)
class Entry:
    """A key and its value: where the key is, and from where to where the value is, which may be nothing yet."""

    key: tuple[int, int]
    value: tuple[int, int]
    is_closed: bool


@dataclass
class Table:
    """A table by its path, from its header or first bracket on; `entries` are its keys, which may have dots."""

    path: Path
    start: int
    end: int
    entries: dict[Path, Entry] = field(default_factory=dict)

    def around(self, offset: int) -> tuple[Path, Entry] | None:
        """The key whose value a place belongs to."""
        return next(((key, each) for key, each in self.entries.items() if _holds(each.value, offset)), None)


@dataclass(frozen=True)
class Outline:
    """The tables of a text in the order in which they begin; the first is what stands before any header."""

    source: str
    tables: tuple[Table, ...]

    def at(self, offset: int) -> Table:
        """The innermost table that a place belongs to; a header belongs to its table."""
        found = [table for table in self.tables if table.start <= offset <= table.end]
        # Of two that begin at the same place the second is the one inside, or the one that has text.
        return max(enumerate(found), key=lambda each: (each[1].start, each[0]))[1]

    def text(self, table: Table, key: str) -> str | None:
        """A value that is one string; None where it is not there or anything else."""
        entry = table.entries.get((key,))
        found = _QUOTED.match(self.source[slice(*entry.value)]) if entry else None
        return found[2] if found else None

    def blocks(self) -> list[str]:
        """The names of the blocks that are defined."""
        paths = [table.path for table in self.tables] + [(*self.tables[0].path, *key) for key in self.tables[0].entries]
        return list(dict.fromkeys(str(path[1]) for path in paths if path[:1] == ("blocks",) and len(path) > 1))

    def types(self) -> dict[Path, str]:
        """The `type` of each table that says one."""
        found = {}
        for table in self.tables:
            for key, entry in table.entries.items():
                if key[-1] == "type" and (text := _QUOTED.match(self.source[slice(*entry.value)])):
                    found[(*table.path, *key[:-1])] = text[2]
        return found


def looks_like_a_spec(text: str, *, is_json: bool) -> bool:
    """Whether a text is worth checking: an editor opens project files and others in the same languages."""
    if _SCHEMA.search(text):
        return True
    if is_json:
        found = set(_JSON_KEY.findall(text))
        return bool(found & {"input", "extends"} and found & {"layers", "blocks", "train", "vars"})
    root, *others = outline(text).tables
    named = {table.path[0] for table in others} | {key[0] for key in root.entries}
    return bool(named & {"input", "layers", "blocks", "extends"})


def outline(text: str) -> Outline:
    """Headers, keys and inline tables; what is neither is passed over."""
    return Outline(text, tuple(sorted(_Scanner(text).tables(), key=lambda table: table.start)))


def offset_of(text: str, line: int, character: int) -> int:
    """The number of characters before a place; one beyond the end of a line, or of the text, is taken for the end."""
    lines = text.split("\n")
    if line >= len(lines):
        return len(text)
    return sum(len(each) + 1 for each in lines[:line]) + min(character, len(lines[line]))


def _holds(span: tuple[int, int], offset: int) -> bool:
    return span[0] <= offset <= span[1]


def _names(dotted: str) -> list[str]:
    return [part.strip("\"'") for part in _PARTS.findall(dotted)]


class _Scanner:
    def __init__(self, text: str):
        self.text = text
        self.inline: list[Table] = []
        self.counts: dict[Path, int] = {}
        self.open_tables = 0

    def tables(self) -> Iterator[Table]:
        table, at = Table((), 0, len(self.text)), 0
        while at < len(self.text):
            at = self._blank(at)
            if header := _HEADER.match(self.text, at):
                table.end = max(at - 1, table.start)
                yield table
                table = Table(self._header_path(_names(header[2]), header[1] == "[["), at, len(self.text))
            elif key := _KEY.match(self.text, at):
                at = self._entry(table, key, 0)
            at = self._line_end(at) + 1
        yield table
        yield from self.inline

    def _blank(self, at: int) -> int:
        found = _BLANK.match(self.text, at)
        return found.end() if found else at

    def _line_end(self, at: int) -> int:
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end

    def _header_path(self, names: list[str], is_entry: bool) -> Path:
        """With the number of the entry after each list of tables."""
        path: Path = ()
        for number, name in enumerate(names, 1):
            path = (*path, name)
            if number == len(names) and is_entry:
                self.counts[path] = self.counts.get(path, 0) + 1
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
        return path

    def _entry(self, table: Table, key: re.Match[str], depth: int) -> int:
        """A key with its value; gives where the value ends."""
        names = tuple(_names(key[1]))
        end, is_closed = self._value(key.end(), (*table.path, *names), depth)
        table.entries[names] = Entry(key.span(1), (key.end(), end), is_closed)
        return end

    def _value(self, at: int, path: Path, depth: int) -> tuple[int, bool]:
        """Where the value that begins here ends, and whether nothing can follow in it."""
        opening = self.text[at : at + 1]
        if opening in ('"', "'"):
            found = _STRING.match(self.text, at)
            assert found
            return found.end(), len(found[0]) > 1 and found[0][-1] == opening
        if opening == "[" and depth < MOST_DEPTH:
            return self._list(at, path, depth)
        if opening == "{" and depth < MOST_DEPTH:
            return self._table(at, path, depth)
        found = _PLAIN.match(self.text, at)
        return (found.end() if found else at), False

    def _list(self, start: int, path: Path, depth: int) -> tuple[int, bool]:
        """The entries of a list; one in an inline table ends with its line."""
        at, number = start + 1, 0
        while at < len(self.text):
            at = self._blank(at)
            character = self.text[at : at + 1]
            if character == "\n":
                if self.open_tables or _RECOVERY.match(self.text, at + 1):
                    return at, False
                at += 1
            elif character == "]":
                return at + 1, True
            elif character in (",", "}", ""):
                at += 1
            else:
                end, _ = self._value(at, (*path, number), depth + 1)
                at, number = max(end, at + 1), number + 1
        return len(self.text), False

    def _table(self, start: int, path: Path, depth: int) -> tuple[int, bool]:
        """The keys of an inline table, which ends with its line."""
        table = Table(path, start + 1, start + 1)
        self.inline.append(table)
        at, is_closed = start + 1, False
        self.open_tables += 1
        while at < len(self.text) and not is_closed and self.text[at] != "\n":
            if key := _KEY.match(self.text, at):
                at = self._entry(table, key, depth + 1)
            elif self.text[at] == "}":
                is_closed = True
            elif self.text[at] == "#":
                break
            else:
                word = _WORD.match(self.text, at) if self.text[at] not in " \t," else None
                at = word.end() if word else at + 1
        self.open_tables -= 1
        table.end = at
        return at + is_closed, is_closed
