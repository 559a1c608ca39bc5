"""Errors, warnings and advice about a spec as people read them: the line, what is wrong, why, and what cures it."""

import re
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from .language import say
from .text import number, shown, width

SHOWN = 10
"""Diagnostics that are printed; the rest is counted."""
TAB = 4
PIPE_COLUMNS = 160
"""Columns of a source line where no terminal says how wide it is."""
LEAST_COLUMNS = 40

Line = list[tuple[str, str]]
"""Pieces of text, each with its style."""

_PIECES = r"[（“\[(]*(?:[⺀-\uffef]|[^⺀-\uffef\s]+)[，。；：、？！）”\])]*\s*|\s+"
"""Between two of them a line with ideographs may end: not before a mark that closes, nor after one that opens."""

_STYLES = {"error": "bold red", "warning": "bold yellow", "info": "bold cyan"}
_FRAME = "bold blue"


def print_diagnostics(diagnostics: Sequence[Mapping[str, Any]], unlisted: int = 0) -> None:
    """The first of them on standard error, in colour where that is a terminal, and how many more there are."""
    columns = None
    if sys.stderr.isatty():
        from shutil import get_terminal_size

        columns = max(get_terminal_size().columns, LEAST_COLUMNS)
    lines: list[Line] = []
    for diagnostic in diagnostics[:SHOWN]:
        lines += [[], *_lines(diagnostic, columns)] if lines else _lines(diagnostic, columns)
    more = len(diagnostics) - SHOWN + unlisted
    if more > 0:
        lines += [[], [(say(f"and {number(more)} more"), "bold")]]
    if columns is None:
        for line in lines:
            click.echo("".join(text for text, _ in line).rstrip(), err=True)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for line in lines:
        console.print(Text.assemble(*line))


def plain_lines(diagnostic: Mapping[str, Any]) -> Iterator[str]:
    """One of them as a pipe gets it."""
    for line in _lines(diagnostic, None):
        yield "".join(text for text, _ in line).rstrip()


def _lines(diagnostic: Mapping[str, Any], columns: int | None) -> Iterator[Line]:
    severity = diagnostic["severity"]
    kind = f"{say(severity)}[{diagnostic['code']}]"
    first, *rest = wrapped(shown(diagnostic["message"]), columns, width(kind) + 2, 2)
    yield [(kind, _STYLES[severity]), (f": {first}", "bold")]
    yield from ([("  " + line, "bold")] for line in rest)
    margin = " " * len(str(diagnostic["line"] or ""))
    if diagnostic["file"]:
        place = ":".join(str(diagnostic[key]) for key in ("file", "line", "column") if diagnostic[key])
        yield [(f"{margin}--> ", _FRAME), (shown(place), "")]
    if diagnostic["source"] is not None:
        yield [(f"{margin} |", _FRAME)]
        yield from _excerpt(diagnostic, margin, columns)
    for word, texts in (("note", diagnostic["notes"]), ("help", diagnostic["helps"])):
        for text in texts:
            lead, name = f"{margin} = ", say(word)
            indent = len(lead) + width(name) + 2
            first, *rest = wrapped(shown(text), columns, indent, indent)
            yield [(lead, _FRAME), (name, "bold"), (f": {first}", "")]
            yield from ([(" " * indent + line, "")] for line in rest)


def _excerpt(diagnostic: Mapping[str, Any], margin: str, columns: int | None) -> Iterator[Line]:
    """The source line, cut where it is too long, and below it what is at fault, marked."""
    room = (columns or PIPE_COLUMNS) - len(margin) - 3
    characters = list(_printable(diagnostic["source"]))
    start = diagnostic["column"] - diagnostic["source_column"]
    end = diagnostic["end_column"] - diagnostic["source_column"]
    if diagnostic["end_line"] != diagnostic["line"]:
        end = len(characters)
    end = max(end, start + 1)
    starts = diagnostic["source_column"] > 1
    left = 0
    while width("".join(characters[left:end])) + 8 > room and left < start:
        left += 1
    right = len(characters)
    while width("".join(characters[left:right])) + 8 > room and right > left + 1:
        right -= 1
    before = "..." if left or starts else ""
    after = "..." if right < len(characters) else ""
    yield [(f"{diagnostic['line']} | ", _FRAME), (before + "".join(characters[left:right]) + after, "")]
    indent = len(before) + width("".join(characters[left:start]))
    carets = "^" * max(1, width("".join(characters[start : min(end, right)])))
    style = _STYLES[diagnostic["severity"]]
    marked = [(f"{margin} | ", _FRAME), (" " * indent + carets, style)]
    label = shown(diagnostic["label"] or "")
    if width(label) + indent + len(carets) + 1 <= room:
        yield [*marked, (f" {label}" if label else "", style)]
        return
    yield marked
    beside = min(indent, max(0, room - LEAST_COLUMNS // 2))
    for line in wrapped(label, columns, len(margin) + 3 + beside, len(margin) + 3 + beside):
        yield [(f"{margin} | ", _FRAME), (" " * beside + line, style)]


def _printable(source: str) -> Iterator[str]:
    """What is shown for each character: a tab as blanks, what a terminal would obey as its number."""
    column = 0
    for character in source:
        if character == "\t":
            text = " " * (TAB - column % TAB)
        else:
            text = character if character.isprintable() else f"\\x{ord(character):02x}"
        column += width(text)
        yield text


def wrapped(text: str, columns: int | None, first: int, others: int) -> list[str]:
    """The text in lines that fit the terminal after so many columns."""
    if columns is None:
        return [text]
    room = max(columns - max(first, others), LEAST_COLUMNS // 2)
    if width(text) == len(text):
        return textwrap.wrap(text, room, break_on_hyphens=False) or [""]
    lines = [""]
    for piece in re.findall(_PIECES, text):
        if width(lines[-1] + piece.rstrip()) > room:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.rstrip() for line in lines]
