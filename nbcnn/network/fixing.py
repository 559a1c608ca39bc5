"""Fixes of a spec file: changes that cure what is wrong with it, made in its text."""

import re
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nbcnn.spec import Diagnostic, InvalidSpec
from nbcnn.spec.diagnostics import Change
from nbcnn.spec.edits import TextEdit

MOST_ROUNDS = 100
"""Fixes bring others to light, each time the file is looked at again; what takes more rounds goes in circles."""


@dataclass(frozen=True)
class Fixed:
    """The text of a spec file before and after; `made` are the fixes in their order, each with what it cures; `left`
    is what is to be said afterwards, `unlisted` the number of errors beyond."""

    file: str
    before: str
    after: str
    made: tuple[tuple[Diagnostic, Change], ...]
    left: tuple[Diagnostic, ...]
    unlisted: int = 0

    @property
    def errors(self) -> int:
        return sum(each.is_error for each in self.left) + self.unlisted

    @property
    def elsewhere(self) -> list[Change]:
        """The safe fixes that are left because they are to be made in files that this one extends."""
        return [change for each in self.left for change in _fixes(each) if change.safe and not self._is_here(change)]

    @property
    def more(self) -> list[Change]:
        """What `unsafe` would go on with."""
        return [fixes[0] for each in self.left if (fixes := _fixes(each)) and self._is_here(fixes[0])]

    def _is_here(self, change: Change) -> bool:
        return all(edit.file == self.file for edit in change.text_edits)

    def diff(self) -> str:
        """A unified diff; empty where there is nothing to fix."""
        from difflib import unified_diff  # here, because a process that only checks specs shows none

        before, after = (re.findall(r"[^\n]*\n|[^\n]+", text) for text in (self.before, self.after))
        found = unified_diff(before, after, self.file, self.file)
        return "".join(each if each.endswith("\n") else f"{each}\n\\ No newline at end of file\n" for each in found)

    def as_dict(self) -> dict[str, Any]:
        """The object that `nbcnn fix --format json` prints."""
        made = (
            {"code": found.code.value, "line": found.line, "message": found.message} | change.as_dict()
            for found, change in self.made
        )
        return {"file": self.file, "fixes": list(made), "diagnostics": [each.as_dict() for each in self.left]}


def fix(file: str, text: str, find: Callable[[str], Iterable[Diagnostic]], *, unsafe: bool = False) -> Fixed:
    """What the text of a spec file becomes by fixes; nothing is written.

    `find` tells what is to be said about a text, or raises InvalidSpec with it. The safe fixes are made, and with
    `unsafe` the first help of each other diagnostic as well, again and again until none is left. The text never has
    more errors than before: what would end with more is left out. Of a text without errors there is less to be said
    after each fix, or it is not made.
    """
    fixed = Fixed(file, text, text, (), ())
    best = latest = _looked_at(fixed, find)
    seen = {text}
    for _ in range(MOST_ROUNDS):
        choice = list(_choice(latest, unsafe))
        following = _following(latest, choice, find)
        if following is None or following.after in seen:
            break
        seen.add(following.after)
        latest = following
        if latest.errors <= best.errors:
            best = latest
    return best


def _following(
    fixed: Fixed, choice: Sequence[tuple[Diagnostic, Change]], find: Callable[[str], Iterable[Diagnostic]]
) -> Fixed | None:
    """What comes of all fixes of a choice, or of the first that does good by itself."""
    found = []
    for part in [choice, *([each] for each in choice if len(choice) > 1)]:
        found.append(_looked_at(_made(fixed, part), find))
        if fixed.errors and found[-1].errors <= fixed.errors:
            return found[-1]
        if not fixed.errors and not found[-1].errors and len(found[-1].left) < len(fixed.left):
            return found[-1]
    return found[min(1, len(found) - 1)] if fixed.errors else None  # it has brought others to light, which may be cured


def _looked_at(fixed: Fixed, find: Callable[[str], Iterable[Diagnostic]]) -> Fixed:
    try:
        return replace(fixed, left=tuple(find(fixed.after)), unlisted=0)
    except InvalidSpec as error:
        return replace(fixed, left=error.diagnostics, unlisted=error.unlisted)


def _fixes(diagnostic: Diagnostic) -> list[Change]:
    return [change for change in diagnostic.changes if change.text_edits]


def _choice(fixed: Fixed, unsafe: bool) -> Iterator[tuple[Diagnostic, Change]]:
    """A fix for each diagnostic, as far as they can be made together: the safe one, or else the first."""
    taken: list[tuple[int, int]] = []  # in their order in the text
    for diagnostic in fixed.left:
        fixes = [change for change in _fixes(diagnostic) if fixed._is_here(change) and (change.safe or unsafe)]
        if not fixes:
            continue
        change = next((each for each in fixes if each.safe), fixes[0])
        spans = [(edit.start, edit.end) for edit in change.text_edits]
        if not any(_meets(taken, *span) for span in spans):
            for span in spans:
                insort(taken, span)
            yield diagnostic, change


def _meets(taken: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Whether a stretch of text overlaps or touches another, of which none overlaps any."""
    at = bisect_left(taken, (start, end))
    return (at > 0 and taken[at - 1][1] >= start) or (at < len(taken) and taken[at][0] <= end)


def _made(fixed: Fixed, choice: Sequence[tuple[Diagnostic, Change]]) -> Fixed:
    edits = [edit for _, change in choice for edit in change.text_edits]
    return replace(fixed, after=edited(fixed.after, edits), made=(*fixed.made, *choice))


def edited(text: str, edits: Iterable[TextEdit]) -> str:
    """The text with edits made, which do not overlap; of two at one place the later comes first."""
    parts, end = [], 0
    for edit in sorted(reversed(list(edits)), key=lambda each: (each.start, each.end)):
        parts += [text[end : edit.start], edit.text]
        end = edit.end
    return "".join([*parts, text[end:]])
