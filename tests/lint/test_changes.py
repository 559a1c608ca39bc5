"""Changes that are marked safe keep what the network computes, where they claim to."""

import re
import tomllib
from typing import Any

import numpy as np
import pytest
from lint_examples import EXAMPLES, HEAD, IN, RELUS, block, conv, layer

from nbcnn.lint import lint
from nbcnn.network import build
from nbcnn.plan.reference import Reference
from nbcnn.spec import parse
from nbcnn.weights.initialise import initial_buffers, initialise


def output(document: dict[str, Any], draw: tuple[int, int] | None) -> np.ndarray:
    network = build(parse(document))
    parameters = {key: each.astype(np.float64) for key, each in initialise(network, 3).items()}
    # Numbers that a bias or a factor would change.
    buffers = {key: each + 0.5 for key, each in initial_buffers(network).items()}
    x = np.random.default_rng(0).normal(size=(4, *network.input_shape))
    return Reference(network, parameters, buffers, draw).forward(x)[network.layers[-1].name]


@pytest.mark.parametrize(("code", "draw"), [("NB213", None), ("NB224", None), ("NB230", (1, 1))])
def test_the_network_computes_the_same(code: str, draw: tuple[int, int] | None) -> None:
    """A bias before batch norm has no effect in training; in inference it had been subtracted with the mean."""
    document = tomllib.loads(re.sub("[«»]", "", EXAMPLES[code].wrong))
    (finding,) = lint(build(parse(document)))
    (change,) = finding.changes
    assert change.safe
    np.testing.assert_allclose(output(change.apply(document), draw), output(document, draw), rtol=1e-9, atol=1e-12)


def changes(text: str) -> list[str]:
    """What can be changed by itself in a spec, in words."""
    return [str(change) for finding in lint(build(parse(tomllib.loads(text)))) for change in finding.changes]


def test_a_layer_goes_where_nothing_else_changes() -> None:
    again = layer("relu", 'name = "again"')
    assert changes(IN + conv(8, 3, RELUS) + again + HEAD) == ["delete `again`"]
    named = conv(8, 3, "padding = 1", RELUS) + again + conv(8, 3, "padding = 1", 'name = "c"', 'activation = "tanh"')
    assert not changes(IN + named + layer("add", 'from = ["c", "again"]') + HEAD)
    # Without the first relu, `relu2` would be another layer.
    numbered = conv(8, 3, RELUS) + layer("relu") + conv(8, 3, "padding = 1") + layer("relu")
    assert changes(IN + numbered + HEAD) == ["delete `relu1`"]
    joined = layer("conv", "out_channels = 8", "kernel_size = 1", RELUS) + layer("add", 'from = ["relu2", "conv3"]')
    assert not changes(IN + numbered + joined + HEAD)
    # Nothing would be left of the block.
    alone = layer("block", 'block = "b"') + HEAD + block("b", layer("relu"))
    assert not changes(IN + conv(8, 3, RELUS) + alone)


def test_an_activation_goes_unless_a_layer_reads_it_by_its_name() -> None:
    twice = conv(8, 3, RELUS) + layer("max_pool", "kernel_size = 2", RELUS)
    assert changes(IN + twice + HEAD) == ['delete activation = "relu"']
    reader = conv(8, 1, 'from = "max_pool1_relu"', 'activation = "tanh"')
    assert not changes(IN + twice + reader + HEAD)


def test_a_missing_activation_goes_behind_the_norm_between_two_layers() -> None:
    norm = layer("batch_norm", 'name = "n"')
    text = IN + conv(8, 3, "bias = false") + norm + layer("flatten") + layer("linear", "out_features = 10")
    assert changes(text) == ['set activation = "relu" on `n`']


def test_a_layer_stays_that_lint_ignores_by_its_name() -> None:
    again = conv(8, 3, RELUS) + layer("relu", 'name = "again"')
    assert not changes(IN + again + HEAD + '[lint.per_layer_ignores]\nagain = ["NB214"]\n')
