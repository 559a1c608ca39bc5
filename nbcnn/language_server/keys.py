"""What the JSON Schema of specs says about a table, its keys and their values."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from nbcnn import api
from nbcnn.spec.places import Path

Node = Mapping[str, Any]
_DEFINITIONS = "#/$defs/"
_VARIABLE = "Variable"
_TYPE = "type"


@dataclass(frozen=True)
class Key:
    """A key of a table: what it is for, what it may hold in a word or two, its default, and the values it is one of."""

    name: str
    description: str
    holds: str
    default: Any
    values: tuple[str, ...]

    @property
    def markdown(self) -> str:
        default = "" if self.default is None else f", default `{_written(self.default)}`"
        return f"`{self.name}`: {self.holds}{default}" + (f"\n\n{self.description}" if self.description else "")


@cache
def _schema() -> dict[str, Any]:
    return api.schema()


def keys(path: Path, types: Mapping[Path, str], *, shared: bool = True) -> list[Key]:
    """The keys that a table may have; where its type is not known, those that all have, or if not `shared`, any has."""
    tables = _tables(path, types)
    if not tables:
        return []
    names = dict.fromkeys(name for each in tables for name in each["properties"] if name != "$schema")
    owners = {name: [each for each in tables if name in each["properties"]] for name in names}
    return [_key(name, owners[name]) for name in names if not shared or len(owners[name]) == len(tables)]


def types_of(path: Path, types: Mapping[Path, str]) -> list[tuple[str, str]]:
    """The types that the table at a path can have, each with what it is."""
    others = {each: kind for each, kind in types.items() if each != path}
    found: dict[str, str] = {}
    for table in _tables(path, others):
        kind = table["properties"].get(_TYPE, {}).get("const")
        if kind is not None:
            found.setdefault(kind, table.get("description", ""))
    return list(found.items())


def _tables(path: Path, types: Mapping[Path, str]) -> list[Node]:
    """What the table at a path may be; several only where no type is given."""
    nodes: list[Node] = [_schema()]
    for depth, part in enumerate(path, 1):
        nodes = [below for node in nodes for below in _below(node, part)]
        nodes = _chosen(nodes, types.get(path[:depth]))
    return [node for node in nodes if "properties" in node]


def _chosen(nodes: list[Node], kind: str | None) -> list[Node]:
    fitting = [node for node in nodes if node.get("properties", {}).get(_TYPE, {}).get("const") == kind]
    return fitting if kind is not None and fitting else nodes


def _below(node: Node, part: str | int) -> Iterator[Node]:
    if isinstance(part, int):
        found = node.get("items")
    else:
        found = node.get("properties", {}).get(part, node.get("additionalProperties"))
    if isinstance(found, Mapping):
        yield from _alternatives(found)


def _alternatives(node: Node) -> Iterator[Node]:
    """A node, or each that it may be, with references followed; a variable may stand anywhere and is left out."""
    reference = node.get("$ref")
    if reference is not None:
        name = reference.removeprefix(_DEFINITIONS)
        if name != _VARIABLE:
            yield from _alternatives(_schema()["$defs"][name])
        return
    choices = [*node.get("anyOf", ()), *node.get("oneOf", ())] if "properties" not in node else []
    if not choices:
        yield node
    for choice in choices:
        yield from _alternatives(choice)


def _key(name: str, tables: list[Node]) -> Key:
    node = tables[0]["properties"][name]
    choices = [each for each in _alternatives(node) if each.get("type") != "null"]
    values = tuple(dict.fromkeys(value for each in choices for value in _values(each)))
    description = node.get("description", "")
    if name == _TYPE and len(tables) == 1:
        description = tables[0].get("description", "")
    words = dict.fromkeys(filter(None, map(_word, choices)))
    return Key(name, description, " or ".join(words) or "a value", node.get("default"), values)


def _values(node: Node) -> Iterator[str]:
    """The values that may be written, where they can be counted, as TOML and JSON have them."""
    if "const" in node:
        yield _written(node["const"])
    for each in node.get("enum", ()):
        yield _written(each)
    if node.get("type") == "boolean":
        yield from ("true", "false")


def _word(node: Node) -> str | None:
    if "const" in node:
        return f"`{_written(node['const'])}`"
    if "enum" in node:
        return "one of several names"
    words = {
        "integer": "a whole number",
        "number": "a number",
        "string": "a string",
        "boolean": "true or false",
        "array": "a list",
        "object": "a table",
    }
    return words.get(str(node.get("type")))


def _written(value: Any) -> str:
    return json.dumps(value)
