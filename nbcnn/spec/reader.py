"""From a path to the plain tables in it, TOML or JSON, with bounds on what a hostile file can cost."""

import json
import os
import re
import stat
import tomllib
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from nbcnn.layers.problems import Code
from nbcnn.spec.diagnostics import Diagnostic, InvalidSpec
from nbcnn.spec.names import nearest
from nbcnn.spec.places import printable, quoted
from nbcnn.spec.sources import Source

if TYPE_CHECKING:
    from nbcnn.spec.positions import Span

MAX_BYTES = 2**20
MAX_JSON_BYTES = 2**23
"""Python reads JSON a hundred times as fast as TOML, and a run's spec.json has every default of 10,000 layers."""
MOST_VALUES = 100_000
"""What may stand in a text of keys and values, as far as characters tell: 10,000 layers of seven fields fit."""
MOST_JSON_VALUES = 500_000
"""The same for JSON: 10,000 layers with all of their fields, over three axes."""
MAX_DOTS = 128
"""Dots in one line: tomllib's time grows with the square of a dotted key's length, 2.4 s for 10,000 parts."""
MOST_DOTS = 50_000
"""Dots in a file, without decimal points: tomllib takes 4 s for a megabyte of dotted keys."""

MOST_ENTRIES = 1000
"""Files of a folder among which the nearest name is looked for."""

_DECIMAL_POINT = re.compile(r"\d\.\d")
_JSON_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|-?[A-Za-z]+', re.DOTALL)
_KEY_OR_HEADER = re.compile(r"[ \t]*(\[[^\n#]*\]|[^\n=]*[^\n= \t])")
_UNCLOSED_HEADER = re.compile(r"[ \t]*\[[^\n=]*[^\]]")
_ENDLESS = re.compile(r"[0-9_]{1000,}")
_TOML_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read(path: Path, text: str | None = None) -> tuple[dict[str, Any], Source]:
    """The tables of a spec file, and its text; a name that ends in .json is JSON, any other TOML.

    `text` is read in the place of what the file holds. Raises InvalidSpec with one diagnostic for a path that is no
    readable file, for text that is not UTF-8, for broken syntax, keys given twice included, and for what is too large
    or too deep.
    """
    source = Source(str(path), read_text(path) if text is None else text.removeprefix("\ufeff"))
    if len(source.text) > most_bytes(source.is_json):
        _too_large(path, source.is_json)
    try:
        return _json(source) if source.is_json else _toml(source), source
    except RecursionError:
        _fail(source, Code.TOO_LARGE, "tables or lists are nested too deeply", "a spec needs no more than four levels")


def read_text(path: Path) -> str:
    """What a file holds, less a byte order mark; raises InvalidSpec where it is no text, or too large."""
    is_json = Source(str(path), "").is_json
    try:
        # A FIFO would block on opening without O_NONBLOCK (which Windows lacks, and has no need of).
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                _fail(path, Code.UNREADABLE, "not a regular file", "name a .toml or .json file")
            content = file.read(most_bytes(is_json) + 1)
    except FileNotFoundError:
        _fail(path, Code.UNREADABLE, "no such file", _nearest_file(path))
    except IsADirectoryError:
        _fail(path, Code.UNREADABLE, "is a folder, not a file", "name a .toml or .json file in it")
    except ValueError:  # a NUL character in the path
        _fail(path, Code.UNREADABLE, "not a file name", "check the path")
    except OSError as error:
        _fail(path, Code.UNREADABLE, f"cannot be read ({error.strerror})", "check the path and its permissions")
    if len(content) > most_bytes(is_json):
        _too_large(path, is_json)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        readable = Source(str(path), content[: error.start].decode("utf-8-sig"))
        rule, cure = f"not UTF-8 text (byte {error.start})", "save it as UTF-8, or name a spec file"
        _fail(readable, Code.UNREADABLE, rule, cure, (len(readable.text), len(readable.text) + 1))


def most_bytes(is_json: bool) -> int:
    """Of a file."""
    return MAX_JSON_BYTES if is_json else MAX_BYTES


def _toml(source: Source) -> dict[str, Any]:
    _refuse_values(source, "=,[{", MOST_VALUES)
    in_all = 0
    for number, text_line in enumerate(source.text.split("\n"), 1):
        dots = text_line.count(".") - len(_DECIMAL_POINT.findall(text_line))
        if dots > MAX_DOTS and not text_line.lstrip().startswith("#"):
            rule, cure = f"more than {MAX_DOTS} dots in one line", "shorten the dotted key"
            _fail(source, Code.TOO_LARGE, rule, cure, source.span(number, 1))
        in_all += dots
    if in_all > MOST_DOTS:
        _fail(source, Code.TOO_LARGE, f"more than {MOST_DOTS} dots", "write tables in the place of dotted keys")
    try:
        return tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        rule, cure, span = _toml_error(str(error), source)
        _fail(source, Code.SYNTAX, f"not valid TOML: {rule}", cure, span)
    except ValueError:  # an integer of thousands of digits
        rule, cure = "not valid TOML: a value is out of range", "a spec needs no such value"
        _fail(source, Code.SYNTAX, rule, cure, _endless(source.text))


def _toml_error(message: str, source: Source) -> "tuple[str, str, Span]":
    """What tomllib says, a cure, and where it is: `Invalid value (at line 3, column 5)`, or at the end of the text."""
    position = _TOML_POSITION.search(message)
    end = len(source.text.rstrip())
    rule = message[: position.start()] if position else message
    span = source.span(int(position[1]), int(position[2])) if position and position[1] else (end, end + 1)
    if not rule.startswith("Cannot"):
        from nbcnn.spec.slips import cure  # here, because a text without a slip needs it not

        return f"{rule[:1].lower()}{rule[1:]}", cure(source.text.split("\n"), source.line(span[0]) - 1), span
    if _UNCLOSED_HEADER.fullmatch(source.text, source.text.rfind("\n", 0, span[0]) + 1, span[1]):
        return 'expected "]" at the end of a header', "correct this line", span
    span = _given_again(span, source.text)
    what = quoted(source.text[slice(*span)].strip("\"'"))
    if "immutable" in rule:
        return f"{what} adds to what was given as a whole before", "write all of it in one place", span
    return f"{what} is given twice", "keep one of them", span


def _given_again(span: "Span", text: str) -> "Span":
    """The key or header that tomllib refuses: it names where the header, or the key's value, ends."""
    from nbcnn.spec.positions import given_twice

    if text[span[0] : span[1]] != "]" and (twice := given_twice(text[: span[0]], is_json=False)):
        return twice[-1]
    found = _KEY_OR_HEADER.match(text, text.rfind("\n", 0, span[0]) + 1)
    return found.span(1) if found else span


def _endless(text: str) -> "Span | None":
    """The digits that are more than Python turns into a number."""
    found = _ENDLESS.search(text)
    return found and found.span()


def _json(source: Source) -> dict[str, Any]:
    repeated: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) < len(pairs) and not repeated:
            repeated.append(next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1))
        return table

    def constant(name: str) -> NoReturn:
        found = next((each for each in _JSON_WORD.finditer(source.text) if each[0] == name), None)
        _fail(source, Code.SYNTAX, f"{name} is not a JSON value", "give a finite number", found and found.span())

    _refuse_values(source, ",[{", MOST_JSON_VALUES)
    try:
        document = json.loads(source.text, object_pairs_hook=unique, parse_constant=constant)
    except json.JSONDecodeError as error:
        rule = f"not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        _fail(source, Code.SYNTAX, rule, "correct this line", source.span(error.lineno, error.colno))
    except ValueError:  # an integer of thousands of digits
        rule, cure = "not valid JSON: a number is out of range", "a spec needs no such number"
        _fail(source, Code.SYNTAX, rule, cure, _endless(source.text))
    if repeated:
        from nbcnn.spec.positions import given_twice

        spans = given_twice(source.text, is_json=True)
        rule = f"key {json.dumps(repeated[0][:64])} is given twice"
        _fail(source, Code.SYNTAX, rule, "keep one of them", spans[0] if spans else None)
    if not isinstance(document, dict):
        _fail(source, Code.SYNTAX, "expected a JSON object at the top", 'begin with {"input": ...', source.span(1, 1))
    document.pop("$schema", None)  # for editors, as `#:schema` in TOML
    return document


def _nearest_file(path: Path) -> str:
    try:
        entries = islice(path.parent.iterdir(), MOST_ENTRIES)
        names = [entry.name for entry in entries if entry.suffix in (".toml", ".json")]
    except OSError:
        return "check the path"
    name = nearest(path.name, names)
    return f"check the path; the nearest name there is {printable(str(name))}" if name else "check the path"


def _refuse_values(source: Source, marks: str, most: int) -> None:
    """Before it is read, where a mark within a text or a comment counts, too."""
    if sum(map(source.text.count, marks)) > most:
        _fail(source, Code.TOO_LARGE, f"more than {most} values", "a spec of 10000 layers needs fewer")


def _too_large(path: Path, is_json: bool) -> NoReturn:
    rule, cure = f"larger than {most_bytes(is_json)} bytes", "a spec is a text file of a few kilobytes"
    _fail(path, Code.TOO_LARGE, rule, cure)


def _fail(source: Source | Path, code: Code, rule: str, cure: str, span: "Span | None" = None) -> NoReturn:
    found = Diagnostic(code, rule, (cure,), file=source.file if isinstance(source, Source) else str(source))
    raise InvalidSpec([source.place(found, span) if span and isinstance(source, Source) else found])
