"""What a person writes short, written out: variables replaced, blocks laid out as the layers that they stand for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from nbcnn.layers.problems import Code, Problem
from nbcnn.spec.blocks import Block
from nbcnn.spec.complaints import explain
from nbcnn.spec.diagnostics import Diagnostic
from nbcnn.spec.laying_out import Writer
from nbcnn.spec.places import Path, Place, Where, echo, quoted
from nbcnn.spec.variables import MOST_VARIABLES, Budget, Scope, TooLarge, is_name

KEYS = ("extends", "vars", "blocks")
"""Keys of a file that are gone once it is written out."""


@dataclass
class Expansion:
    """A document with its layers written out; `places` say of each layer where it was written."""

    document: dict[str, Any]
    places: list[Place] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def expand(document: Mapping[str, Any]) -> Expansion:
    """The document without variables and blocks; its errors are in `diagnostics`."""
    tables = dict(document)
    written, blocks = tables.pop("vars", {}), tables.pop("blocks", {})
    diagnostics: list[Diagnostic] = []
    budget = Budget()
    try:
        scope = _file_scope(written, budget, diagnostics)
        definitions = _definitions(blocks, diagnostics)
        if diagnostics:
            return Expansion(tables, diagnostics=diagnostics)
        layers = tables.pop("layers", None)
        layers = list(layers) if isinstance(layers, tuple) else layers
        problems: list[tuple[Path, Problem]] = []
        tables = scope.fill(tables, problems)
        if isinstance(layers, str):
            layers = scope.fill(layers, problems, ("layers",))
        diagnostics.extend(Diagnostic.at(path, problem) for path, problem in problems)
        if layers is not None:
            tables["layers"] = layers
        if not isinstance(layers, list):
            return Expansion(tables, diagnostics=diagnostics)
        writer = Writer(definitions, scope, diagnostics)
        writer.write_all(layers)
        return Expansion(tables | {"layers": writer.layers}, writer.places, diagnostics)
    except TooLarge as problem:
        return Expansion(tables, diagnostics=[Diagnostic.at((), problem)])


def _file_scope(written: Any, budget: Budget, diagnostics: list[Diagnostic]) -> Scope:
    """The variables of the file, each found to have a value."""
    if not isinstance(written, dict):
        rule = f"expected a table, received {echo(written)}"
        problem = Problem(Code.WRONG_VALUE, rule, "write [vars], and below it width = 64")
        diagnostics.append(Diagnostic.at(("vars",), problem))
        return Scope(budget, {})
    if len(written) > MOST_VARIABLES:
        rule = f"at most {MOST_VARIABLES} variables are expected, received {len(written)}"
        problem = Problem(Code.TOO_LARGE, rule, "write values where they are used")
        diagnostics.append(Diagnostic.at(("vars",), problem))
        return Scope(budget, {})
    diagnostics.extend(_misnamed(written, ("vars",)))
    problems: list[tuple[str, Problem]] = []
    scope = Scope(budget, written)
    for name in written:
        try:
            scope.value(name)
        except TooLarge:
            raise
        except Problem as problem:
            problems.append((name, problem))
    diagnostics.extend(Diagnostic.at(("vars", str(name)), problem) for name, problem in problems)
    return scope


def _definitions(blocks: Any, diagnostics: list[Diagnostic]) -> dict[str, Block]:
    if not isinstance(blocks, dict):
        rule = f"expected a table, received {echo(blocks)}"
        problem = Problem(Code.WRONG_VALUE, rule, "write [[blocks.NAME.layers]], once for each layer")
        diagnostics.append(Diagnostic.at(("blocks",), problem))
        return {}
    diagnostics.extend(_misnamed(blocks, ("blocks",)))
    found = {}
    for name, table in blocks.items():
        place: Path = ("blocks", str(name))
        try:
            found[name] = Block.model_validate(table)
        except ValidationError as error:
            diagnostics.extend(explain(error, Block, lambda path, place=place: Where.of((*place, *path))))  # type: ignore[misc]
        else:
            diagnostics.extend(_misnamed(found[name].parameters, (*place, "parameters")))
    return found


def _misnamed(names: Mapping[str, Any], path: Path) -> Iterator[Diagnostic]:
    """An error for each of the names that nothing could refer to."""
    for name in map(str, names):
        if not is_name(name):
            rule, cure = f"{quoted(name)} is no name for a variable", "use letters, digits and _, and a letter first"
            found = Diagnostic.at((*path, name), Problem(Code.BAD_NAME, rule, cure))
            yield replace(found, at_key=True)
