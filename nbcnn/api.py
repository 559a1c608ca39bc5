"""The verbs that a program can use; the command can do nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbcnn import network, spec
from nbcnn.network import Network
from nbcnn.spec import InvalidSpec, Spec


def load_spec(path: str | Path, overrides: Mapping[str, Any] | None = None) -> Spec:
    """The spec in a TOML or JSON file, changed by `overrides` such as `{"train.epochs": 3}`; raises InvalidSpec."""
    return spec.load(path, overrides)


def build(described: Spec) -> Network:
    """The network that a spec describes, without any array; raises InvalidSpec."""
    return network.build(described)


def validate(path: str | Path, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The report on a spec file, valid or not: a valid one has no diagnostic of severity "error"."""
    try:
        loaded = load_spec(path, overrides)
    except InvalidSpec as error:
        return network.report(None, (), error.diagnostics)
    return network.report(loaded, *network.trace(loaded))


def schema() -> dict[str, Any]:
    """JSON Schema of spec files."""
    return spec.schema()
