"""What is reported about a spec: one Diagnostic per cause, and the exception that carries them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from nbcnn.errors import SpecError
from nbcnn.layers.problems import Code, Guess, Problem
from nbcnn.spec.edits import Edit, TextEdit, put, rename
from nbcnn.spec.places import Path, Place, dotted

SHOWN = 10
"""How many errors a message prints; whoever has more than that has one cause, not many."""

EXPLAINED = 100
"""Errors worth explaining in one report: a hostile file can hold a hundred thousand."""

_VERBS = ("declares ", "expects ", "reads ")
"""How a rule begins that goes on from the layer's name."""


class Remark(NamedTuple):
    """A note or a help that names a place in the spec: `set padding = 2 on conv1`, its line, and the rest."""

    before: str
    path: Path
    after: str = ""

    def text(self, position: str | None) -> str:
        return f"{self.before} ({position}){self.after}" if position else str(self)

    def __str__(self) -> str:
        return self.before + self.after


@dataclass(frozen=True)
class Change:
    """A cure that can be tried: what its help says, and what it does to the document.

    The paths of `edits` are those of the document as it is: what shifts the entries of a list comes last. A change is
    `safe` where it keeps what the author evidently meant and nothing else changes: it may be made without asking.
    `text_edits` make it in the files of a located diagnostic; there are none where it stands in no file.
    """

    remark: str | Remark
    edits: tuple[Edit, ...]
    safe: bool = False
    text_edits: tuple[TextEdit, ...] = ()

    def apply(self, document: Mapping[str, Any]) -> Any:
        """A document with the change; raises as `Edit.apply` where it does not fit."""
        for edit in self.edits:
            document = edit.apply(document)
        return document

    def as_dict(self) -> dict[str, Any]:
        """The object that a report holds."""
        return {"help": str(self), "safe": self.safe, "edits": [each._asdict() for each in self.text_edits]}

    def __str__(self) -> str:
        return str(self.remark)


def cures(words: str | None, path: Path, meant: Guess | None, *, at_key: bool = False) -> tuple[str | Change, ...]:
    """A cure in words, and as a change of the value at a path, or of its key, where it is known what was meant."""
    if not words:
        return ()
    if meant is None:
        return (words,)
    return (Change(words, (rename(path, meant.value) if at_key else put(path, meant.value),), meant.evident),)


@dataclass(frozen=True)
class Diagnostic:
    """One error, warning or piece of advice: `rule` states it, `notes` give what led to it, `cures` say what to do, the
    likeliest first: in words, or as a change. A diagnostic that is raised has none but changes that were tried.

    `place` is the layer that it is about, `path` the keys to what is at fault in the document, `at_key` whether that is
    the key there. `line` and `column` count characters from 1, `end_column` is one beyond the last, and all are None
    where the position is not known. `label` says what the position shows, `source` is its line, from `source_column`.
    """

    code: Code
    rule: str
    cures: tuple[str | Remark | Change, ...] = ()
    place: Place | None = None
    path: Path | None = None
    at_key: bool = False
    label: str | None = None
    notes: tuple[str | Remark, ...] = ()
    file: str | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    source: str | None = None
    source_column: int = 1
    severity: Literal["error", "warning", "info"] = "error"

    @classmethod
    def at(cls, where: Place | Path, problem: Problem, within: Path = ()) -> "Diagnostic":
        """What a rule found in a layer, or at a path; `within` leads from there to the value."""
        place = where if isinstance(where, Place) else None
        path = (*(where.path if isinstance(where, Place) else where), *within)
        field = (problem.field,) if isinstance(problem.field, str) else problem.field or ()
        words = dotted(within if place else path)
        path, at_key = (*path, *field), problem.code is Code.UNKNOWN_KEY
        return cls(
            problem.code,
            f"{words}: {problem.rule}" if words else problem.rule,
            cures(problem.cure, path, problem.meant, at_key=at_key),
            place,
            path,
            at_key=at_key,
            label=problem.label,
        )

    @property
    def message(self) -> str:
        """The rule after whose it is: a layer's name where a line says the rest, else its number and type as well."""
        if self.place is None:
            return self.rule
        if self.line is None or self.place.name is None:
            return f"{self.place}: {self.rule}"
        return f"`{self.place.name}`{'' if self.rule.startswith(_VERBS) else ':'} {self.rule}"

    @property
    def helps(self) -> tuple[str, ...]:
        """The cures as they are printed."""
        return tuple(f"or {cure}" if number else str(cure) for number, cure in enumerate(self.cures))

    @property
    def help(self) -> str | None:
        return self.helps[0] if self.cures else None

    def with_cures(self, tried: Iterable[Change]) -> "Diagnostic":
        """The diagnostic with changes that cure it, or where there are none, with what its cures say."""
        in_words = (cure.remark if isinstance(cure, Change) else cure for cure in self.cures)
        return replace(self, cures=tuple(tried) or tuple(in_words))

    @property
    def changes(self) -> tuple[Change, ...]:
        """The cures that are more than words."""
        return tuple(cure for cure in self.cures if isinstance(cure, Change))

    @property
    def is_error(self) -> bool:
        return self.severity == "error"

    def __str__(self) -> str:
        position = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return "".join((f"{position}: " if position else "", self.message, f"; {self.help}" if self.help else ""))

    def as_dict(self) -> dict[str, Any]:
        """The object that a report holds."""
        return {
            "code": self.code.value,
            "severity": self.severity,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "end_line": self.end_line,
            "end_column": self.end_column,
            "message": self.message,
            "label": self.label,
            "notes": [str(note) for note in self.notes],
            "help": self.help,
            "helps": list(self.helps),
            "source": self.source,
            "source_column": self.source_column,
            "fixes": [each.as_dict() for each in self.changes if each.text_edits],
        }


class InvalidSpec(SpecError):
    """A spec with at least one error; `diagnostics` holds them, less `unlisted` ones, and the message the first ten."""

    def __init__(self, diagnostics: Iterable[Diagnostic], unlisted: int = 0):
        self.diagnostics = tuple(diagnostics)
        self.unlisted = unlisted
        lines = [str(diagnostic) for diagnostic in self.diagnostics[:SHOWN]]
        more = len(self.diagnostics) - len(lines) + unlisted
        if more:
            lines.append(f"and {more} more")
        super().__init__("\n".join(lines))
