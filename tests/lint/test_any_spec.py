"""Whatever the spec: what is found has a place, and a safe change leaves a spec that builds, with less to find."""

import os
import random
from collections import Counter
from pathlib import Path

import pytest
from mutations import mutated
from random_graphs import graph

from nbcnn.lint import lint
from nbcnn.network import Network, build
from nbcnn.spec import InvalidSpec, load, parse

COUNT = int(os.environ.get("NBCNN_MUTATIONS", "60"))


def check_changes(network: Network) -> None:
    before = lint(network)
    counts = Counter(each.code for each in before)
    for finding in before:
        for change in finding.changes:
            if change.safe:
                after = lint(build(parse(change.apply(network.spec.sources.document))))
                assert Counter(each.code for each in after)[finding.code] < counts[finding.code]
                return  # one of them takes long enough


@pytest.mark.parametrize("seed", range(COUNT))
def test_a_slip_is_told_where_it_is(seed: int, tmp_path: Path) -> None:
    try:
        network = build(load(mutated(random.Random(seed), tmp_path)))
    except InvalidSpec:
        return
    for finding in lint(network):
        assert finding.severity in ("warning", "info") and finding.message and finding.cures
        # A default may be at fault, which stands nowhere: then the table or the file is named.
        assert finding.file is not None and (finding.line is not None or finding.place is None)
    check_changes(network)


@pytest.mark.parametrize("seed", range(COUNT))
def test_any_network_can_be_looked_at(seed: int) -> None:
    check_changes(graph(seed))
