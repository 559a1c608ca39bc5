"""What is reported about a spec: one Diagnostic per cause, and the exception that carries them."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from nbcnn.errors import SpecError
from nbcnn.layers.problems import Code, Problem

SHOWN = 10
"""How many errors a message prints; whoever has more than that has one cause, not many."""


@dataclass(frozen=True)
class Diagnostic:
    """One error or warning; `message` begins with the place inside the file, `help` is the cure.

    `line` and `column` count from 1, and are None where the position is not known.
    """

    code: Code
    message: str
    help: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None

    @classmethod
    def at(cls, place: str, problem: Problem) -> "Diagnostic":
        """What a rule found, at a place such as `layers[3] "pool2" (max_pool)`."""
        return cls(problem.code, f"{place}: {problem.rule}", problem.cure or None)

    @property
    def severity(self) -> str:
        return self.code.severity

    @property
    def is_error(self) -> bool:
        return self.severity == "error"

    def __str__(self) -> str:
        position = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return "".join((f"{position}: " if position else "", self.message, f"; {self.help}" if self.help else ""))

    def as_dict(self) -> dict[str, Any]:
        """The object that a report holds."""
        values = asdict(self)
        return {
            "code": self.code.value,
            "severity": self.severity,
            **{key: values[key] for key in ("file", "line", "column", "message", "help")},
        }


class InvalidSpec(SpecError):
    """A spec with at least one error; `diagnostics` holds them, less `unlisted` ones, and the message the first ten."""

    def __init__(self, diagnostics: Iterable[Diagnostic], unlisted: int = 0):
        self.diagnostics = tuple(diagnostics)
        lines = [str(diagnostic) for diagnostic in self.diagnostics[:SHOWN]]
        more = len(self.diagnostics) - len(lines) + unlisted
        if more:
            lines.append(f"and {more} more")
        super().__init__("\n".join(lines))


def in_file(diagnostics: Iterable[Diagnostic], file: str | None) -> list[Diagnostic]:
    return [replace(diagnostic, file=file) for diagnostic in diagnostics]
