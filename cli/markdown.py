"""A report to paste into a pull request: the table of layers, totals, and diagnostics as a terminal shows them."""

import re
from collections.abc import Iterable, Sequence

from .diagnostics import plain_lines
from .network import Report, explanations, is_valid, layer_table, totals
from .text import shown

_SPECIAL = re.compile(r"[\\`*_\[\]<>#|~&]")


def markdown(report: Report, explain: bool) -> str:
    """GitHub's Markdown, which most others read."""
    name, file = report["name"], shown(report["file"])
    parts = [f"## {escaped(f'{name} ({file})' if name else file)}"]
    if is_valid(report):
        parts += [markdown_table(*layer_table(report)), "\n".join(f"- {escaped(line)}" for line in totals(report))]
        if explain:
            parts.append(_fenced("\n".join(explanations(report))))
    parts += [_fenced("\n".join(plain_lines(diagnostic))) for diagnostic in report["diagnostics"]]
    return "\n\n".join(parts) + "\n"


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a column whose name begins with ">" is right-aligned."""
    lines = [
        _row(name.lstrip(">") for name in columns),
        _row("--:" if name.startswith(">") else "---" for name in columns),
        *map(_row, rows),
    ]
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(escaped(shown(cell)) for cell in cells)} |"


def _fenced(text: str) -> str:
    """As it is, between fences longer than any within."""
    fence = "`" * max(3, 1 + max((len(found) for found in re.findall("`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"
