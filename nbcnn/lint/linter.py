"""Runs the rules over a network: what they find, less what the spec ignores, each cause once and where it stands."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from nbcnn.lint.catalogue import RULES
from nbcnn.lint.graph import Graph
from nbcnn.lint.rules import Finding, Rule
from nbcnn.lint.surroundings import NOTHING_KNOWN, Surroundings
from nbcnn.network import Network, Node
from nbcnn.spec.diagnostics import Change, Diagnostic
from nbcnn.spec.places import dotted

MOST_NAMED = 3
"""Layers of one cause that are named; the others are counted."""


def lint(network: Network, surroundings: Surroundings = NOTHING_KNOWN) -> list[Diagnostic]:
    """What was perhaps not meant in the spec of a network: warnings first, then advice, each in the layers' order.

    What `[lint]` ignores is left out. Of a block that is laid out often, one layer stands for all.
    """
    graph = Graph(network, surroundings)
    order = {node.name: number for number, node in enumerate(graph.nodes)}
    found: list[tuple[tuple[bool, int], Diagnostic]] = []
    for rule in RULES.values():
        kept = [each for each in rule.find(graph) if not _is_ignored(graph, rule, each)]
        for finding, concerned in _by_cause(graph, kept):
            at = order[finding.where.name] if isinstance(finding.where, Node) else len(order)
            found.append(((rule.severity == "info", at), _diagnostic(graph, rule, finding, concerned)))
    found.sort(key=lambda each: each[0])
    return network.spec.sources.locate(diagnostic for _, diagnostic in found)


def _is_ignored(graph: Graph, rule: Rule, finding: Finding) -> bool:
    layer = graph.name(finding.where) if isinstance(finding.where, Node) else None
    return graph.spec.lint.ignores(rule.code, layer)


def _by_cause(graph: Graph, findings: Iterable[Finding]) -> Iterator[tuple[Finding, list[str]]]:
    """The first finding of each cause, with the names of all layers that it concerns: those of a block are written in
    one place."""
    causes: dict[object, tuple[Finding, list[str]]] = {}
    for number, finding in enumerate(findings):
        if not isinstance(finding.where, Node):
            causes[number] = (finding, [])
            continue
        in_block = graph.place(finding.where).uses
        cause = (*graph.path(finding.where), *finding.field) if in_block else number
        causes.setdefault(cause, (finding, []))[1].append(graph.name(finding.where))
    return iter(causes.values())


def _diagnostic(graph: Graph, rule: Rule, finding: Finding, concerned: list[str]) -> Diagnostic:
    where, notes, cures = finding.where, finding.notes, finding.cures
    if not isinstance(where, Node):
        return Diagnostic(
            rule.code,
            f"{dotted(where)}: {finding.states}",
            cures,
            path=where,
            at_key=finding.at_key,
            label=finding.label,
            notes=notes,
            severity=rule.severity,
        )
    path = graph.path(where)
    if len(concerned) > 1:
        named = ", ".join(f"`{name}`" for name in concerned[1 : MOST_NAMED + 1])
        more = len(concerned) - 1 - MOST_NAMED
        notes = (*notes, f"the same is true of {named}" + (f" and {more} more" if more > 0 else ""))
    if len(concerned) < graph.written_at(path):
        cures = tuple(replace(each, safe=False) if isinstance(each, Change) else each for each in cures)
    return Diagnostic(
        rule.code,
        finding.states,
        cures,
        graph.place(where),
        (*path, *finding.field),
        label=finding.label,
        notes=notes,
        severity=rule.severity,
    )
