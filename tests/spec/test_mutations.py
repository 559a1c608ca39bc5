"""Slips of the pen in the shipped specs: what they make of a file builds, or every error says where it stands.

By hand thousands are tried, `NBCNN_MUTATIONS=10000`, or a part of them, `NBCNN_MUTATIONS=2000:4000`.
"""

import os
import random
import re
import resource
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import numpy as np
import pytest
from mutations import KINDS, mutated

import nbcnn
from nbcnn import api
from nbcnn.network import Network
from nbcnn.plan.reference import Reference
from nbcnn.spec import InvalidSpec
from nbcnn.weights.initialise import initial_buffers, initialise

FIRST, _, LAST = os.environ.get("NBCNN_MUTATIONS", "100").rpartition(":")
SEEDS = range(int(FIRST or 0), int(LAST))

UNPLACED = re.compile(r"(layers: expected at least|with its blocks written out|nested too deeply)")
"""What is wrong with a file as a whole."""

MOST_SECONDS = 60
"""Of processor time: far more than any of them takes, so that one that hangs ends as well."""
MOST_GROWTH = 1 << 20
"""KiB by which the process may grow."""
SMALL = 300_000
"""Multiplications a sample, numbers in weights, and in all outputs, of networks that are run."""


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"more than {MOST_SECONDS} s")

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_GROWTH


@pytest.mark.parametrize("seed", SEEDS)
def test_a_slip_builds_or_is_located(seed: int, tmp_path: Path) -> None:
    path = mutated(random.Random(seed), tmp_path, KINDS)
    try:
        network = nbcnn.build(nbcnn.load_spec(path))
    except InvalidSpec as error:
        assert error.diagnostics
        for each in error.diagnostics:
            check_place(each, tmp_path)
        report = api.validate(path)
        assert [each["code"] for each in report["diagnostics"]] == [each.code.value for each in error.diagnostics]
        return
    for each in network.findings:
        check_place(each, tmp_path)
    run_if_small(network)


def check_place(each: nbcnn.spec.Diagnostic, folder: Path) -> None:
    assert each.file is not None
    assert each.line is not None or UNPLACED.search(each.message) or each.code == "NB101", each.message
    if each.source is not None and each.line == each.end_line:
        with open(folder / Path(each.file).name, encoding="utf-8", newline="") as file:
            shown = file.read().split("\n")[each.line - 1]
        assert shown[each.source_column - 1 :].startswith(each.source)
        assert 1 <= each.column < each.end_column <= len(shown) + 2


def run_if_small(network: Network) -> None:
    """Forwards and backwards on the reference's operations, in training."""
    numbers = sum(node.memory_bytes // 4 for node in network.layers)
    if max(network.params, numbers, sum(node.macs for node in network.layers)) > SMALL:
        return
    parameters = {key: each.astype(np.float64) for key, each in initialise(network, 0).items()}
    buffers = {key: each.astype(np.float64) for key, each in initial_buffers(network).items()}
    x = np.random.default_rng(0).standard_normal((2, *network.input_shape))
    run = Reference(network, parameters, buffers, draw=(0, 1))
    values = run.forward(x)
    output = values[network.layers[-1].name]
    assert output.shape == (2, *network.output_shape)
    gradients = run.backward(values, np.ones_like(output))
    assert gradients["input"].shape == x.shape
