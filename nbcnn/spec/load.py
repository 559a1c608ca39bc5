"""From a file, or from plain tables, to a spec; every error is collected before any is raised."""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from nbcnn.layers.problems import Code, Problem
from nbcnn.layers.table import Table
from nbcnn.spec import places
from nbcnn.spec.complaints import explain
from nbcnn.spec.diagnostics import EXPLAINED, Diagnostic, InvalidSpec
from nbcnn.spec.expansion import KEYS, Expansion, expand
from nbcnn.spec.extends import KEY as EXTENDS
from nbcnn.spec.extends import read_whole
from nbcnn.spec.losses import AnyLoss, Loss
from nbcnn.spec.model import Ema, Spec
from nbcnn.spec.optimizers import AnyOptimizer, Optimizer
from nbcnn.spec.overrides import override
from nbcnn.spec.sources import Sources
from nbcnn.spec.trials import Trials

MOST_TO_READ = 30_000
"""Errors of a document above which none is explained: three for each layer, where all are wrong."""

T = TypeVar("T")
TableT = TypeVar("TableT", bound=Table)


def load(path: str | Path, overrides: Mapping[str, Any] | None = None, text: str | None = None) -> Spec:
    """The spec in a TOML or JSON file, with the values of `overrides` put in the place of their dotted keys.

    `text` is read in the place of what the file holds. Raises InvalidSpec, which holds every error found.
    """
    name = str(path)
    document, files = _bounded(name, lambda: read_whole(Path(path), text))
    return _bounded(name, lambda: _parse(document, Sources(files, name=name), overrides or {}))


def parse(document: Mapping[str, Any], file: str | None = None, overrides: Mapping[str, Any] | None = None) -> Spec:
    """The spec in plain tables, such as `Spec.resolved` gives; messages say that they come from `file`.

    Tables that extend a file are refused: only `load` opens files. Raises InvalidSpec, which holds every error found.
    """
    return _bounded(file, lambda: _parse(dict(document), Sources(name=file), overrides or {}))


def parse_optimizer(table: Mapping[str, Any]) -> Optimizer:
    """The optimiser that a table such as `{"type": "sgd", "lr": 0.1}` describes; raises InvalidSpec."""
    return _validate(_OptimizerTable, {"optimizer": dict(table)}, explain).optimizer


def parse_loss(loss: str | Mapping[str, Any]) -> Loss:
    """The loss of a name, or of a table such as `{"type": "huber_loss", "delta": 0.5}`; raises InvalidSpec."""
    table = dict(loss) if isinstance(loss, Mapping) else loss
    return _validate(_LossTable, {"loss": table}, explain).loss


def parse_ema(table: Mapping[str, Any]) -> Ema:
    """The settings of running averages in a table such as `{"decay": 0.999}`; raises InvalidSpec."""
    return _validate(_EmaTable, {"ema": dict(table)}, explain).ema


class _EmaTable(Table):
    ema: Ema


class _OptimizerTable(Table):
    optimizer: AnyOptimizer


class _LossTable(Table):
    loss: AnyLoss


def _parse(document: dict[str, Any], sources: Sources, overrides: Mapping[str, Any]) -> Spec:
    overridden: list[places.Path] = []
    if overrides:
        document = deepcopy(document)
        try:
            overridden = override(document, overrides)
        except Problem as problem:
            raise InvalidSpec([Diagnostic(problem.code, problem.rule, (problem.cure,), file=sources.file)]) from None
    if EXTENDS in document:
        rule = f"{EXTENDS} has no meaning outside a spec file"
        cure = "load the file, or give the whole spec"
        raise InvalidSpec([Diagnostic(Code.UNKNOWN_KEY, rule, (cure,), file=sources.file)])
    sources = replace(sources, document=document, overridden=tuple(overridden))
    try:
        return _understood(sources)
    except InvalidSpec as error:
        layers = len(places.layer_names(document))
        trials = Trials(document, layers, error.diagnostics, _errors)
        found = [each.with_cures(trials.guesses(each)) for each in error.diagnostics]
        raise InvalidSpec(sources.locate(found), error.unlisted) from None


def _errors(document: Mapping[str, Any]) -> tuple[Diagnostic, ...]:
    """None, where a document is understood; raises InvalidSpec where it is not."""
    understood(document)
    return ()


def understood(document: Mapping[str, Any]) -> Spec:
    """As `parse`, but its errors are not located, and their cures not tried."""
    return _understood(Sources(document=document))


def _understood(sources: Sources) -> Spec:
    expansion = expand(sources.document)
    in_words = partial(explain, where=partial(places.where, places=expansion.places), other_keys=KEYS)
    if expansion.diagnostics:
        errors = [*expansion.diagnostics, *_others(expansion, in_words)]
        raise InvalidSpec(errors[:EXPLAINED], len(errors[EXPLAINED:]))
    spec = _validate(Spec, expansion.document, in_words)
    spec._read_from(sources, expansion.places)
    return spec


def _others(expansion: Expansion, in_words: Callable[..., Iterable[Diagnostic]]) -> list[Diagnostic]:
    """What else is wrong with a document that could not be written out: all but what may come from that."""
    found = {each.path for each in expansion.diagnostics}
    if any(each.code is Code.TOO_LARGE for each in expansion.diagnostics) or len(found) > EXPLAINED:
        return []
    document = expansion.document
    if not expansion.places:
        document = {key: value for key, value in document.items() if key != "layers"}
    try:
        Spec.model_validate(document)
    except ValidationError as error:
        others = islice(in_words(error, Spec), EXPLAINED)
        return [
            each
            for each in others
            if each.path not in found and each.path != ("layers",) and "$" not in each.rule.partition("received")[2]
        ]
    return []


def _validate(model: type[TableT], document: dict[str, Any], in_words: Callable[..., Any]) -> TableT:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        if (count := error.error_count()) > MOST_TO_READ:
            rule, cure = (
                f"{count} errors, more than {MOST_TO_READ}",
                "check a spec of its first layers: all may be one slip",
            )
            raise InvalidSpec([Diagnostic(Code.TOO_LARGE, rule, (cure,))]) from None
        found = list(islice(in_words(error, model), EXPLAINED))
        unlisted = max(error.error_count() - EXPLAINED, 0)
    raise InvalidSpec(found, unlisted)


def _bounded(file: str | None, work: Callable[[], T]) -> T:
    """What the work gives; raises InvalidSpec where tables are nested deeper than Python's stack."""
    try:
        return work()
    except RecursionError:
        rule, cure = "tables or lists are nested too deeply", "a spec needs no more than a few levels"
        raise InvalidSpec([Diagnostic(Code.TOO_LARGE, rule, (cure,), file=file)]) from None
