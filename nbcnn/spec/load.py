"""From a file, or from plain tables, to a spec; every error is collected before any is raised."""

from collections.abc import Mapping
from copy import deepcopy
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from nbcnn.layers.problems import Problem
from nbcnn.spec.base import Table
from nbcnn.spec.complaints import explain
from nbcnn.spec.diagnostics import Diagnostic, InvalidSpec, in_file
from nbcnn.spec.model import Spec
from nbcnn.spec.optimizers import Adam, Optimizer, Sgd
from nbcnn.spec.overrides import override
from nbcnn.spec.reader import read

T = TypeVar("T", bound=Table)

EXPLAINED = 100
"""Errors worth explaining in one report: a hostile file can hold a hundred thousand."""


def load(path: str | Path, overrides: Mapping[str, Any] | None = None) -> Spec:
    """The spec in a TOML or JSON file, with the values of `overrides` put in the place of their dotted keys.

    Raises InvalidSpec, which holds every error found.
    """
    return parse(read(Path(path)), str(path), overrides)


def parse(document: Mapping[str, Any], file: str | None = None, overrides: Mapping[str, Any] | None = None) -> Spec:
    """The spec in plain tables, such as `Spec.resolved` gives; messages say that they come from `file`.

    Raises InvalidSpec, which holds every error found.
    """
    tables = dict(document)
    if overrides:
        tables = deepcopy(tables)
        try:
            override(tables, overrides)
        except Problem as problem:
            raise InvalidSpec([Diagnostic(problem.code, problem.rule, problem.cure)]) from None
    spec = _validate(Spec, tables, file)
    spec._file = file
    return spec


def parse_optimizer(table: Mapping[str, Any]) -> Sgd | Adam:
    """The optimiser that a table such as `{"type": "sgd", "lr": 0.1}` describes; raises InvalidSpec."""
    return _validate(_OptimizerTable, {"optimizer": dict(table)}, None).optimizer


class _OptimizerTable(Table):
    optimizer: Optimizer


def _validate(model: type[T], document: dict[str, Any], file: str | None) -> T:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        found = list(islice(explain(error, document, model), EXPLAINED))
        unlisted = max(error.error_count() - EXPLAINED, 0)
    raise InvalidSpec(in_file(found, file), unlisted)
