"""Turns what pydantic found into our own words: the place, what was expected, what was received, and a cure."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from nbcnn.layers.problems import Code, Guess
from nbcnn.layers.table import OneOf
from nbcnn.spec.diagnostics import SHOWN, Diagnostic, cures
from nbcnn.spec.names import OTHER_NAMES, nearest
from nbcnn.spec.places import BLOCK, Path, Where, echo, printable, quoted

EXPECTATIONS = {
    "expected": "{expected}",
    "literal_error": "{expected}",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "a string",
    "string_unicode": "a string of whole characters",
    "invalid_key": "a string as a key",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "a number of at most {le:g}",
    "string_too_short": "at least {min_length} character",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length} entry",
    "too_long": "at most {max_length} entries",
}
"""pydantic's error types in our words; braces are filled from the error's context."""

_EXAMPLES: dict[Path, str] = {
    ("input",): "[input], and below it shape = [1, 28, 28]: channels, then one, two or three sizes",
    ("layers",): '[[layers]], and below it type = "conv" and its other keys, once for each layer',
    ("data", "source"): 'source = "digits"',
    ("pretrained", "weights"): 'weights = "runs/base-1/model.h5"',
}
"""How to write keys that are missing."""

_ONE_KEY: dict[Path, str] = {("input",): "shape", ("data",): "source", ("pretrained",): "weights"}
"""Tables with one key that must be given, which people write as a value."""

_LISTS: dict[Path, str] = {("layers",): "layer", ("augment",): "augmentation"}
"""Lists of tables, and what each of their tables is."""


def explain(
    error: ValidationError,
    model: type[BaseModel],
    where: Callable[[Path], Where] = Where.of,
    other_keys: Sequence[str] = (),
) -> Iterator[Diagnostic]:
    """One diagnostic per cause found when `model` validated a document.

    `where` says where a path is written, and what to call it; errors that are written in one place are told once;
    `other_keys` may stand beside the model's own.
    """
    said = set()
    details = error.errors(include_url=False)
    misspelt = _unknown_keys(details)
    for detail in details:
        is_missing = detail["type"] == "missing"
        path, tables = _locate(detail["loc"][:-1] if is_missing else detail["loc"], model)
        if is_missing:
            path = (*path, detail["loc"][-1])
        key = (where(path).path, detail["type"])
        if not _is_consequence(detail, tables, misspelt) and key not in said:
            said.add(key)
            homes = _homes(model, str(path[-1])) if detail["type"] == "extra_forbidden" else []
            yield _diagnose(detail, path, tables, where, other_keys if len(path) == 1 else (), homes)


def _unknown_keys(details: Sequence[ErrorDetails]) -> dict[Path, dict[str, Any]]:
    """The first unknown keys of each table, with what they hold: more would take long to compare, and are no slips."""
    found: dict[Path, dict[str, Any]] = {}
    for detail in details:
        keys = found.setdefault(detail["loc"][:-1], {}) if detail["type"] == "extra_forbidden" else None
        if keys is not None and len(keys) < SHOWN:
            keys[str(detail["loc"][-1])] = detail["input"]
    return found


def _is_consequence(
    detail: ErrorDetails, tables: Mapping[str, type[BaseModel]], misspelt: Mapping[Path, Mapping[str, Any]]
) -> bool:
    """Whether another error causes this one: a default that depends on a wrong field, a list short of wrong entries, a
    key that is missing because it is misspelt, or stands in a table that is not known."""
    if detail["type"] == "missing":
        missing, beside = detail["loc"][-1], misspelt.get(detail["loc"][:-1], {})
        is_within = any(isinstance(value, dict) and missing in value for value in beside.values())
        return is_within or any(str(nearest(each, _keys(tables))) == missing for each in beside)
    if detail["type"] == "too_short":
        return bool(len(detail["input"]) >= detail["ctx"]["min_length"])
    return detail["type"] == "default_factory_not_called"


def _locate(location: Path, model: type[BaseModel]) -> tuple[Path, Mapping[str, type[BaseModel]]]:
    """The path without the tags of unions that pydantic puts in it, and the tables that could stand at its end.

    At the end of a path to an unknown or missing key, the tables are those that could hold the key.
    """
    path: list[str | int] = []
    tables: Mapping[str, type[BaseModel]] = {"": model}
    for part in location:
        if len(tables) > 1 and part in tables:
            tables = {"": tables[str(part)]}
            continue
        path.append(part)
        if isinstance(part, str) and len(tables) == 1:
            (table,) = tables.values()
            known = fields(table)
            if part not in known:
                break
            inner = _tables(known[part].annotation, known[part].metadata)
            if part != location[-1] or inner:
                tables = inner
    return tuple(path), tables


def _tables(annotation: Any, metadata: Sequence[Any] = ()) -> Mapping[str, type[BaseModel]]:
    """The tables that a field may hold, by their `type`."""
    one_of = next((each for each in metadata if isinstance(each, OneOf)), None)
    if one_of is not None:
        return one_of.tables
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {"": annotation}
    if get_origin(annotation) is Annotated:
        return _tables(annotation.__origin__, annotation.__metadata__)
    return {kind: table for each in get_args(annotation) for kind, table in _tables(each).items()}


def fields(table: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a table by the keys that a person writes."""
    return {field.alias or name: field for name, field in table.model_fields.items()}


def _homes(model: type[BaseModel], key: str) -> list[str]:
    """The tables outside of lists that have such a key, or one that it is another word for: `train.optimizer`."""
    wanted, found = {key, OTHER_NAMES.get(key)}, []
    for name, field in fields(model).items():
        if get_origin(field.annotation) is tuple:
            continue
        for kind, table in _tables(field.annotation, field.metadata).items():
            if wanted & {*fields(table)}:
                found.append(name)
            if not kind:
                found += [f"{name}.{inner}" for inner in _homes(table, key)]
    return [*dict.fromkeys(found)]


def _keys(tables: Mapping[str, type[BaseModel]]) -> list[str]:
    return [key for table in tables.values() for key in fields(table)]


def _diagnose(
    detail: ErrorDetails,
    path: Path,
    tables: Mapping[str, type[BaseModel]],
    where: Callable[[Path], Where],
    other_keys: Sequence[str],
    homes: Sequence[str],
) -> Diagnostic:
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown_key(path, detail["input"], tables, where, other_keys, homes)
    if kind == "missing":
        label = f"{path[-1]} is missing in this table"
        cure = f"add it: {_EXAMPLES.get(path, f'{path[-1]} = ...')}"
        return _found(Code.MISSING_KEY, where(path), " is missing", cure, label=label)
    types = [*tables, BLOCK] if path[:1] == ("layers",) else list(tables)
    if kind == "union_tag_not_found":
        cure = f"give one of {_listed(types)}"
        label = "type is missing in this table"
        return _found(Code.MISSING_KEY, where((*path, "type")), " is missing", cure, label=label)
    if kind == "union_tag_invalid":
        received = detail["input"].get("type")
        close = nearest(received, types)
        cure = f'the nearest is "{close}"' if close else f"use one of {_listed(types)}"
        rule = f" = {echo(received)} is not a known type"
        return _found(Code.UNKNOWN_TYPE, where((*path, "type")), rule, cure, meant=close)
    expected = EXPECTATIONS[kind].format(**detail.get("ctx", {})).replace("'", '"')
    rule = f"expected {expected}, received {echo(detail['input'])}"
    return _found(Code.WRONG_VALUE, where(path), rule, *_cure(path, expected, detail["input"], types))


def _found(
    code: Code, where: Where, rule: str, cure: str | None, meant: Guess | None = None, label: str | None = None
) -> Diagnostic:
    """A diagnostic of what is wrong at a place: a rule that begins with a blank goes on from its name."""
    colon = "" if not where.words or rule.startswith(" ") else ": "
    advice = cures(cure, where.path, meant)
    return Diagnostic(code, f"{where.words}{colon}{rule}", advice, where.place, where.path, label=label)


def _unknown_key(
    path: Path,
    value: Any,
    tables: Mapping[str, type[BaseModel]],
    where: Callable[[Path], Where],
    other_keys: Sequence[str],
    homes: Sequence[str],
) -> Diagnostic:
    known = [*_keys(tables), *other_keys]
    close = nearest(path[-1], known)
    cure = f"the nearest key is {close}" if close else f"the keys here are {', '.join(known)}"
    if not close and homes and path[0] != "layers":
        key = OTHER_NAMES.get(str(path[-1]), path[-1])
        cure = f"{key} stands in {' or '.join(f'[{home}]' for home in homes)}"
    inner = [key for key in known if isinstance(value, dict) and key in value]
    if not close and inner:
        within = value[inner[0]]
        header = f"[[{inner[0]}]]" if isinstance(within, list) else f"[{inner[0]}]"
        words = header if isinstance(within, list | dict) else inner[0]
        cure = f"write {words} without {quoted(str(path[-1]))} before it"
    label = f"expected {close}" if close else None
    found = _found(Code.UNKNOWN_KEY, where(path[:-1]), f"unknown key {quoted(str(path[-1]))}", None, label=label)
    path = where(path).path
    return replace(found, path=path, at_key=True, cures=cures(cure, path, close, at_key=True))


def _cure(path: Path, expected: str, received: Any, types: Sequence[str]) -> tuple[str | None, Guess | None]:
    """What to do about a value, in words, and what was probably meant."""
    if path in _LISTS:
        (name,) = path
        words = f"write [[{name}]] with two brackets, once for each {_LISTS[path]}"
        return words if isinstance(received, dict) else None, None
    if path in _ONE_KEY and isinstance(received, str | list):
        return f"write it as a table: {path[-1]} = {{{_ONE_KEY[path]} = {echo(received)}}}", None
    if path == ("input", "shape"):
        return "such as [1, 28, 28] for grey images of 28 x 28", None
    if isinstance(received, float) and received.is_integer() and expected.startswith("a whole number"):
        return f"write {int(received)}", Guess(int(received), evident=True)
    if not isinstance(received, str):
        return None, None
    if expected == EXPECTATIONS["dict_type"] and all(types):
        close = nearest(received, types)
        meant = close and Guess({"type": close.value}, close.evident)
        return f"write it as one: {{type = {quoted(str(close or types[0]))}}}", meant
    if close := nearest(received, re.findall(r'"([^"]+)"', expected)):
        return f'the nearest is "{close}"', close
    try:
        value = json.loads(received.lower())
    except ValueError:
        return None, None
    is_number = isinstance(value, int | float)
    return (f"write {printable(received)} without quotes", Guess(value, evident=True)) if is_number else (None, None)


def _listed(types: Sequence[str]) -> str:
    return ", ".join(f'"{kind}"' for kind in types)
