"""Whether changes of a document cure what is wrong with it: each is tried on the document."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from nbcnn.spec.diagnostics import SHOWN, Change, Diagnostic, InvalidSpec

MOST_HELPS = 3
MOST_BUILT = 5000
"""Layers of all documents that are tried, so that a large spec is answered soon as well."""

Find = Callable[[Mapping[str, Any]], Iterable[Diagnostic]]


class Trials:
    """Tries changes of one document, as long as the work that is left for it lasts."""

    def __init__(self, document: Mapping[str, Any], layers: int, errors: Iterable[Diagnostic], find: Find):
        """`errors` are those of the document as it is, `find` gives those of another, or raises InvalidSpec; `layers`
        is about what it has to look at."""
        self._document = document
        self._layers = max(layers, 1)
        self._find = find
        self._errors = _count(errors)
        self._left = MOST_BUILT
        self._guesses = SHOWN

    def cures(self, diagnostic: Diagnostic, changes: Iterable[Change]) -> Iterator[Change]:
        """Of the changes, the first few that remove the error and bring no other."""
        count = 0
        for change in changes:
            if count == MOST_HELPS:
                return
            errors = self._errors_with(change)
            if errors is not None and errors <= self._errors and self._removes(diagnostic, errors):
                count += 1
                yield change

    def guesses(self, diagnostic: Diagnostic) -> Iterator[Change]:
        """Of the diagnostic's own changes, those that remove it: with another name, there may be more to say."""
        for change in diagnostic.changes:
            self._guesses -= 1
            errors = self._errors_with(change) if self._guesses >= 0 else None
            if errors is not None and self._removes(diagnostic, errors):
                yield change

    def _removes(self, diagnostic: Diagnostic, errors: Counter[tuple[str, str | None]]) -> bool:
        return errors[_key(diagnostic)] < self._errors[_key(diagnostic)]

    def _errors_with(self, change: Change) -> Counter[tuple[str, str | None]] | None:
        """What would be wrong with the changed document; None where that cannot be told."""
        self._left -= self._layers
        if not self._document or self._left < 0:
            return None
        try:
            return _count(self._find(change.apply(self._document)))
        except InvalidSpec as error:
            return _count(error.diagnostics)
        except (KeyError, TypeError, IndexError):  # a variable may stand for what would be changed
            return None


def _count(diagnostics: Iterable[Diagnostic]) -> Counter[tuple[str, str | None]]:
    return Counter(_key(each) for each in diagnostics if each.is_error)


def _key(diagnostic: Diagnostic) -> tuple[str, str | None]:
    return diagnostic.code.value, diagnostic.place.name if diagnostic.place else None
