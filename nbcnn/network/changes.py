"""Changes of a spec that may cure it, and whether they do: each is tried by building the changed spec."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nbcnn.spec import Diagnostic, InvalidSpec, Spec, parse
from nbcnn.spec.diagnostics import Remark
from nbcnn.spec.places import Path

MOST_HELPS = 3
MOST_BUILT = 10_000
"""Layers that are built in all to try changes, so that a large spec is answered soon as well."""

Edit = Callable[[Any], Any]


@dataclass(frozen=True)
class Change:
    """What a help says, and what it does to the document."""

    remark: str | Remark
    edits: tuple[tuple[Path, Edit], ...]

    def apply(self, document: Mapping[str, Any]) -> Any:
        """A document with the change; what is not changed is shared."""
        changed: Any = document
        for path, edit in self.edits:
            changed = _edited(changed, path, edit)
        return changed


def put(path: Path, value: Any) -> tuple[Path, Edit]:
    """Set a key of a table."""
    return path[:-1], lambda table: {**table, path[-1]: value}


def delete(path: Path) -> tuple[Path, Edit]:
    """Take a key from a table, or an entry from a list."""
    last = path[-1]

    def edit(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: each for key, each in value.items() if key != last}
        return [each for index, each in enumerate(value) if index != last]

    return path[:-1], edit


def insert(path: Path, entry: Any) -> tuple[Path, Edit]:
    """Put an entry into a list, before the one at the path."""
    at = path[-1]
    assert isinstance(at, int)
    return path[:-1], lambda entries: [*entries[:at], entry, *entries[at:]]


def _edited(value: Any, path: Path, edit: Edit) -> Any:
    if not path:
        return edit(value)
    if isinstance(value, dict):
        return {**value, path[0]: _edited(value[path[0]], path[1:], edit)}
    return [_edited(each, path[1:], edit) if index == path[0] else each for index, each in enumerate(value)]


class Trials:
    """Tries changes of one spec, as long as the work that is left for it lasts."""

    def __init__(self, spec: Spec, errors: Iterable[Diagnostic], find: Callable[[Spec], Iterable[Diagnostic]]):
        """`errors` are those of the spec as it is, `find` gives those of another."""
        self._document = spec.sources.document
        self._layers = len(spec.layers)
        self._find = find
        self._errors = {_key(each) for each in errors if each.is_error}
        self._left = MOST_BUILT

    def cures(self, diagnostic: Diagnostic, changes: Iterable[Change]) -> Iterator[str | Remark]:
        """Of the changes, the first few that remove the error and bring no other."""
        count = 0
        for change in changes:
            if count == MOST_HELPS:
                return
            if self._is_cure(diagnostic, change):
                count += 1
                yield change.remark

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
