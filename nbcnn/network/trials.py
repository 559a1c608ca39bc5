"""Whether changes of a spec cure it: each is tried by building the changed spec."""

from collections.abc import Callable, Iterable, Iterator

from nbcnn.spec import Diagnostic, InvalidSpec, Spec, parse
from nbcnn.spec.diagnostics import Change

MOST_HELPS = 3
MOST_BUILT = 10_000
"""Layers that are built in all to try changes, so that a large spec is answered soon as well."""


class Trials:
    """Tries changes of one spec, as long as the work that is left for it lasts."""

    def __init__(self, spec: Spec, errors: Iterable[Diagnostic], find: Callable[[Spec], Iterable[Diagnostic]]):
        """`errors` are those of the spec as it is, `find` gives those of another."""
        self._document = spec.sources.document
        self._layers = len(spec.layers)
        self._find = find
        self._errors = {_key(each) for each in errors if each.is_error}
        self._left = MOST_BUILT

    def cures(self, diagnostic: Diagnostic, changes: Iterable[Change]) -> Iterator[Change]:
        """Of the changes, the first few that remove the error and bring no other."""
        count = 0
        for change in changes:
            if count == MOST_HELPS:
                return
            if self._is_cure(diagnostic, change):
                count += 1
                yield change

    def _is_cure(self, diagnostic: Diagnostic, change: Change) -> bool:
        self._left -= self._layers
        if not self._document or self._left < 0:
            return False
        try:
            spec = parse(change.apply(self._document))
        except (InvalidSpec, KeyError, TypeError, IndexError):  # a variable may stand for what would be changed
            return False
        errors = {_key(each) for each in self._find(spec) if each.is_error}
        return _key(diagnostic) not in errors and errors <= self._errors


def _key(diagnostic: Diagnostic) -> tuple[str, str | None]:
    return diagnostic.code.value, diagnostic.place.name if diagnostic.place else None
