"""A log in SARIF 2.1.0, which code hosts and editors read:
https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbcnn

from .language import chosen, remarks
from .network import Report

SCHEMA = "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"
"""The address by which the schema calls itself."""
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def sarif(reports: Sequence[Report], texts: Mapping[str, str | None]) -> dict[str, Any]:
    """One run over all reports; `texts` are those of specs that stand in no file."""
    from nbcnn import api

    found = [diagnostic for report in reports for diagnostic in report["diagnostics"]]
    codes = sorted({diagnostic["code"] for diagnostic in found})
    lines = _Lines(texts)
    rules = []
    for code in codes:
        page = api.explain(code, chosen.get())
        rules.append(
            {
                "id": code,
                "shortDescription": {"text": page.title},
                "help": {"text": page.text, "markdown": page.text},
            }
        )
    driver = {"name": "nbcnn", "version": nbcnn.__version__, "rules": rules}
    results = [_result(diagnostic, codes.index(diagnostic["code"]), lines) for diagnostic in found]
    run = {"tool": {"driver": driver}, "columnKind": "utf16CodeUnits", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


class _Lines:
    """The lines of files, to count columns in UTF-16 as SARIF does."""

    def __init__(self, texts: Mapping[str, str | None]):
        self._lines = {file: text.split("\n") for file, text in texts.items() if text is not None}

    def column(self, file: str, line: int, column: int) -> int:
        if file not in self._lines:
            content = Path(file).read_bytes().decode("utf-8-sig", errors="replace")
            self._lines[file] = content.split("\n")
        before = self._lines[file][line - 1][: column - 1] if line <= len(self._lines[file]) else ""
        return column + sum(ord(character) > 0xFFFF for character in before)

    def region(self, place: Mapping[str, Any]) -> dict[str, int]:
        """From the first character to the one after the last."""
        file = place["file"]
        return {
            "startLine": place["line"],
            "startColumn": self.column(file, place["line"], place["column"]),
            "endLine": place["end_line"],
            "endColumn": self.column(file, place["end_line"], place["end_column"]),
        }


def _result(diagnostic: Mapping[str, Any], rule: int, lines: _Lines) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": _artifact(diagnostic["file"])}
    if diagnostic["line"] is not None:
        location["region"] = lines.region(diagnostic)
    result = {
        "ruleId": diagnostic["code"],
        "ruleIndex": rule,
        "level": _LEVELS[diagnostic["severity"]],
        "message": {"text": "\n".join([diagnostic["message"], *remarks(diagnostic)])},
        "locations": [{"physicalLocation": location}],
    }
    if diagnostic["fixes"]:
        result["fixes"] = [_fix(each, lines) for each in diagnostic["fixes"]]
    return result


def _fix(fix: Mapping[str, Any], lines: _Lines) -> dict[str, Any]:
    changes = []
    for file in dict.fromkeys(edit["file"] for edit in fix["edits"]):
        replacements = [
            {"deletedRegion": lines.region(edit), "insertedContent": {"text": edit["text"]}}
            for edit in fix["edits"]
            if edit["file"] == file
        ]
        changes.append({"artifactLocation": _artifact(file), "replacements": replacements})
    return {"description": {"text": fix["help"]}, "artifactChanges": changes}


def _artifact(file: str) -> dict[str, str]:
    """The file's address: relative to where the command runs, as its name was given, or absolute."""
    path = Path(file)
    return {"uri": path.as_uri() if path.is_absolute() else quote(path.as_posix())}
