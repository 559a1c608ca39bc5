"""What a rule is, and what it finds."""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from nbcnn.layers.problems import Code
from nbcnn.lint.graph import Graph
from nbcnn.network import Node
from nbcnn.spec.diagnostics import Change, Remark
from nbcnn.spec.places import Path

Severity = Literal["warning", "info"]


class Finding(NamedTuple):
    """What a rule has to say about a node, at one of its keys where `field` leads to one, or about a path of the spec.

    `states` says it with its numbers, `notes` give the arithmetic, `cures` what to do, the likeliest first; `label` is
    what stands beside the mark, and `at_key` says that this is below the key at the end of the path, not its value.
    """

    where: Node | Path
    states: str
    cures: tuple[str | Remark | Change, ...] = ()
    notes: tuple[str | Remark, ...] = ()
    field: Path = ()
    label: str | None = None
    at_key: bool = False


class Rule(NamedTuple):
    """A rule with its code and title: "warning" where it is right most of the time, "info" where tastes differ."""

    code: Code
    severity: Severity
    title: str
    find: Callable[[Graph], Iterable[Finding]]


def rule(code: Code, severity: Severity, title: str) -> Callable[[Callable[[Graph], Iterable[Finding]]], Rule]:
    """Makes a rule of a function; the catalogue collects the rules of each file."""
    return lambda find: Rule(code, severity, title, find)
