"""Changes as data: what is set, taken away, inserted or renamed in a document, and what is written in its files."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from nbcnn.spec.places import Path


class Edit(NamedTuple):
    """One change at a path of a document; made by `put`, `delete`, `insert` and `rename`."""

    action: Literal["put", "delete", "insert", "rename"]
    path: Path
    value: Any = None

    def apply(self, document: Mapping[str, Any]) -> Any:
        """A document with the change; what is not changed is shared. Raises KeyError, IndexError or TypeError where
        the path leads nowhere."""
        return self._applied(document, self.path)

    def _applied(self, value: Any, path: Path) -> Any:
        if len(path) == 1:
            return self._in_table(dict(value), path[0]) if isinstance(value, Mapping) else self._in_list(value, path[0])
        if isinstance(value, Mapping):
            return {**value, path[0]: self._applied(value[str(path[0])], path[1:])}
        at = _index(value, path[0])
        return [*value[:at], self._applied(value[at], path[1:]), *value[at + 1 :]]

    def _in_table(self, table: dict[Any, Any], key: str | int) -> dict[Any, Any]:
        match self.action:
            case "put":
                return {**table, key: self.value}
            case "delete":
                del table[key]
                return table
            case "rename":
                if key not in table or self.value in table:
                    raise KeyError(key)
                return {self.value if each == key else each: value for each, value in table.items()}
            case "insert":
                raise TypeError("a table has no order to insert into")

    def _in_list(self, entries: Any, key: str | int) -> list[Any]:
        at = _index(entries, key)
        match self.action:
            case "put":
                return [*entries[:at], self.value, *entries[at + 1 :]]
            case "delete":
                return [*entries[:at], *entries[at + 1 :]]
            case "insert":
                return [*entries[:at], self.value, *entries[at:]]
            case "rename":
                raise TypeError("an entry of a list has no key")


class TextEdit(NamedTuple):
    """New text for a part of a file: from `start` to one before `end`, in characters from 0, which is the character at
    `column` of `line`, both from 1; a byte order mark is no character of the text."""

    file: str
    start: int
    end: int
    line: int
    column: int
    end_line: int
    end_column: int
    text: str


def put(path: Path, value: Any) -> Edit:
    """Set a key of a table, or an entry of a list."""
    return Edit("put", path, value)


def delete(path: Path) -> Edit:
    """Take a key from a table, or an entry from a list."""
    return Edit("delete", path)


def insert(path: Path, entry: Any) -> Edit:
    """Put an entry into a list, before the one at the path."""
    return Edit("insert", path, entry)


def rename(path: Path, key: str) -> Edit:
    """Let a value of a table go by another key, which the table must not have yet."""
    return Edit("rename", path, key)


def _index(entries: Any, key: str | int) -> int:
    if not isinstance(entries, list | tuple) or not isinstance(key, int):
        raise TypeError(f"{key!r} leads to nothing")
    if key >= len(entries):
        raise IndexError(key)
    return key
