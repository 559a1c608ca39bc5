"""From a path to the plain tables in it, TOML or JSON, with bounds on what a hostile file can cost."""

import json
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any, NoReturn

from nbcnn.layers.problems import Code
from nbcnn.spec.diagnostics import Diagnostic, InvalidSpec
from nbcnn.spec.names import nearest

MAX_BYTES = 2**20
MAX_DOTS = 128
"""Dots in one line: tomllib's time grows with the square of a dotted key's length, 2.4 s for 10,000 parts."""

_DECIMAL_POINT = re.compile(r"\d\.\d")
_TOML_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read(path: Path) -> dict[str, Any]:
    """The tables of a spec file; a name that ends in .json is JSON, any other TOML.

    Raises InvalidSpec with one diagnostic for a path that is no readable file, for text that is not UTF-8, for broken
    syntax, keys given twice included, and for what is too large or too deep.
    """
    text = _text(path)
    try:
        return _json(path, text) if path.suffix.lower() == ".json" else _toml(path, text)
    except RecursionError:
        _fail(path, Code.TOO_LARGE, "tables or lists are nested too deeply", "a spec needs no more than four levels")


def _text(path: Path) -> str:
    try:
        # A FIFO would block on opening without O_NONBLOCK (which Windows lacks, and has no need of).
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                _fail(path, Code.UNREADABLE, "not a regular file", "name a .toml or .json file")
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        _fail(path, Code.UNREADABLE, "no such file", _nearest_file(path))
    except IsADirectoryError:
        _fail(path, Code.UNREADABLE, "is a folder, not a file", "name a .toml or .json file in it")
    except ValueError:  # a NUL character in the path
        _fail(path, Code.UNREADABLE, "not a file name", "check the path")
    except OSError as error:
        _fail(path, Code.UNREADABLE, f"cannot be read ({error.strerror})", "check the path and its permissions")
    if len(content) > MAX_BYTES:
        _fail(path, Code.TOO_LARGE, f"larger than {MAX_BYTES} bytes", "a spec is a text file of a few kilobytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _fail(path, Code.UNREADABLE, f"not UTF-8 text (byte {error.start})", "save it as UTF-8, or name a spec file")


def _toml(path: Path, text: str) -> dict[str, Any]:
    for number, text_line in enumerate(text.splitlines(), 1):
        dots = text_line.count(".") - len(_DECIMAL_POINT.findall(text_line))
        if dots > MAX_DOTS and not text_line.lstrip().startswith("#"):
            _fail(path, Code.TOO_LARGE, f"more than {MAX_DOTS} dots in one line", "shorten the dotted key", number)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        rule, line, column = _toml_error(str(error))
        cure = "it is given twice; keep one of them" if rule.startswith("Cannot") else "correct this line"
        _fail(path, Code.SYNTAX, f"not valid TOML: {rule[:1].lower()}{rule[1:]}", cure, line, column)
    except ValueError:  # a date that does not exist, an integer of thousands of digits
        _fail(path, Code.SYNTAX, "not valid TOML: a value is out of range", "a spec needs no such value")


def _toml_error(message: str) -> tuple[str, int | None, int | None]:
    """What tomllib says, and where: `Invalid value (at line 3, column 5)`; the end of the document has no numbers."""
    position = _TOML_POSITION.search(message)
    if position is None:
        return message, None, None
    rule = message[: position.start()]
    return (rule, int(position[1]), int(position[2])) if position[1] else (rule, None, None)


def _json(path: Path, text: str) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            _fail(path, Code.SYNTAX, f"key {json.dumps(twice[:64])} is given twice", "keep one of them")
        return table

    def constant(name: str) -> NoReturn:
        _fail(path, Code.SYNTAX, f"{name} is not a JSON value", "give a finite number")

    try:
        document = json.loads(text, object_pairs_hook=unique, parse_constant=constant)
    except json.JSONDecodeError as error:
        rule = f"not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        _fail(path, Code.SYNTAX, rule, "correct this line", error.lineno, error.colno)
    except ValueError:  # an integer of thousands of digits
        _fail(path, Code.SYNTAX, "not valid JSON: a number is out of range", "a spec needs no such number")
    if not isinstance(document, dict):
        _fail(path, Code.SYNTAX, "expected a JSON object at the top", 'begin with {"input": ...')
    document.pop("$schema", None)  # for editors, as `#:schema` in TOML
    return document


def _nearest_file(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.suffix in (".toml", ".json")]
    except OSError:
        return "check the path"
    name = nearest(path.name, names)
    return f"check the path; the nearest name there is {name}" if name else "check the path"


def _fail(
    path: Path, code: Code, message: str, cure: str, line: int | None = None, column: int | None = None
) -> NoReturn:
    raise InvalidSpec([Diagnostic(code, message, cure, str(path), line, column)])
