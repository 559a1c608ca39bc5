"""What an examination finds: facts by section, and what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Problem:
    """An "error" hinders; a "warning" is worth knowing. `help` says what cures it."""

    severity: Literal["error", "warning"]
    message: str
    help: str


@dataclass(frozen=True)
class Section:
    """What was found of one thing: facts by name, and problems."""

    name: str
    facts: Mapping[str, str]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Examination:
    """All that was found. `is_sound` where nothing hinders."""

    sections: tuple[Section, ...]

    @property
    def is_sound(self) -> bool:
        return all(problem.severity != "error" for section in self.sections for problem in section.problems)

    def as_dict(self) -> dict[str, Any]:
        """The object that `nbcnn doctor --format json` prints."""
        problems = [
            {"section": section.name, "severity": each.severity, "message": each.message, "help": each.help}
            for section in self.sections
            for each in section.problems
        ]
        return {"sections": {each.name: dict(each.facts) for each in self.sections}, "problems": problems}
