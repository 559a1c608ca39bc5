"""Annotations of GitHub's workflows: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands"""

from collections.abc import Iterator, Sequence
from typing import Any

from .language import remarks
from .network import Report
from .text import shown

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def annotations(reports: Sequence[Report]) -> Iterator[str]:
    """A line for each diagnostic, which GitHub shows beside the line that it is about."""
    for report in reports:
        for diagnostic in report["diagnostics"]:
            yield _annotation(diagnostic)


def _annotation(diagnostic: dict[str, Any]) -> str:
    properties = {
        "file": diagnostic["file"],
        "line": diagnostic["line"],
        "endLine": diagnostic["end_line"],
        "title": f"nbcnn {diagnostic['code']}",
    }
    if diagnostic["line"] == diagnostic["end_line"]:  # columns of several lines are not shown
        properties |= {"col": diagnostic["column"], "endColumn": diagnostic["end_column"]}
    # The log shows nothing but the message.
    place = ":".join(str(diagnostic[key]) for key in ("file", "line", "column") if diagnostic[key])
    lines = [shown(f"{place}: {diagnostic['message']}"), *map(shown, remarks(diagnostic))]
    given = ",".join(f"{key}={_property(shown(str(value)))}" for key, value in properties.items() if value)
    return f"::{_COMMANDS[diagnostic['severity']]} {given}::{_data(chr(10).join(lines))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
