"""What a person writes short, written out: variables replaced, blocks laid out as the layers that they stand for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic import ValidationError

from nbcnn.layers.problems import Code, Problem
from nbcnn.spec.blocks import Block
from nbcnn.spec.complaints import explain
from nbcnn.spec.diagnostics import Diagnostic
from nbcnn.spec.laying_out import Origin, Writer
from nbcnn.spec.places import Path, dotted, echo, quoted
from nbcnn.spec.variables import Budget, Scope, TooLarge, misnamed

KEYS = ("extends", "vars", "blocks")
"""Keys of a file that are gone once it is written out."""


@dataclass
class Expansion:
    """A document with its layers written out; `places` and `origins` say of each layer where it was written."""

    document: dict[str, Any]
    places: list[str] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def expand(document: Mapping[str, Any]) -> Expansion:
    """The document without variables and blocks; its errors are in `diagnostics`, and there may be warnings."""
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
        diagnostics.extend(Diagnostic.at(dotted(path), problem) for path, problem in problems)
        if layers is not None:
            tables["layers"] = layers
        if not isinstance(layers, list):
            return Expansion(tables, diagnostics=diagnostics)
        writer = Writer(definitions, scope, diagnostics)
        writer.write_all(layers)
        diagnostics.extend(_unused(definitions, writer.used))
        return Expansion(tables | {"layers": writer.layers}, writer.places, writer.origins, diagnostics)
    except TooLarge as problem:
        return Expansion(tables, diagnostics=[Diagnostic(problem.code, problem.rule, problem.cure)])


def _file_scope(written: Any, budget: Budget, diagnostics: list[Diagnostic]) -> Scope:
    """The variables of the file, each found to have a value."""
    if not isinstance(written, dict):
        rule = f"vars: expected a table, received {echo(written)}"
        diagnostics.append(Diagnostic(Code.WRONG_VALUE, rule, "write [vars], and below it width = 64"))
        return Scope(budget, {})
    problems = misnamed(written)
    scope = Scope(budget, written)
    for name in written:
        try:
            scope.value(name)
        except TooLarge:
            raise
        except Problem as problem:
            problems.append((name, problem))
    diagnostics.extend(Diagnostic.at(dotted(("vars", name)), problem) for name, problem in problems)
    return scope


def _definitions(blocks: Any, diagnostics: list[Diagnostic]) -> dict[str, Block]:
    if not isinstance(blocks, dict):
        rule = f"blocks: expected a table, received {echo(blocks)}"
        diagnostics.append(Diagnostic(Code.WRONG_VALUE, rule, "write [[blocks.NAME.layers]], once for each layer"))
        return {}
    names = misnamed(blocks)
    diagnostics.extend(Diagnostic.at(dotted(("blocks", name)), problem) for name, problem in names)
    found = {}
    for name, table in blocks.items():
        place = dotted(("blocks", str(name)))
        try:
            found[name] = Block.model_validate(table)
        except ValidationError as error:
            diagnostics.extend(explain(error, Block, partial(_below, place)))
        else:
            problems = misnamed(found[name].parameters)
            diagnostics.extend(Diagnostic.at(f"{place}.parameters", problem) for _, problem in problems)
    return found


def _unused(definitions: Mapping[str, Block], used: set[str]) -> list[Diagnostic]:
    return [
        Diagnostic(
            Code.UNUSED_BLOCK,
            f"{dotted(('blocks', name))}: no layer uses this block",
            f'delete it, or use it: type = "block", block = {quoted(name)}',
        )
        for name in definitions
        if name not in used
    ]


def _below(place: str, path: Path) -> str:
    return ".".join(filter(None, (place, dotted(path))))
