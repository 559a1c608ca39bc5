"""Maxima taken where a convolution stores its sums, against float64, on sizes that fit neither tiles nor lanes."""

from typing import Any

import numpy as np
import pytest
from networks import FLATTEN, conv, layer, linear, network, pool
from reference_training import batch, follow
from tolerances import assert_close

from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.kernels.cpu.products import winograd_cost, winograd_rows
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.model import Model
from nbcnn.network import Network
from nbcnn.plan.lowering import lower_gradients
from nbcnn.plan.plan import Plan, array_view
from nbcnn.plan.reference import Reference

DIRECT, SQUARES, ROWS = "products.convolve", "winograd.winograd", "winograd_rows.from_values"
RELU = layer("relu")
# Most of what is summed for one number: 16 channels of 5 x 5 taps.
TERMS = 400

# What makes the maxima, the input's shape, the layers, and how many pools there are.
NETWORKS: dict[str, tuple[str, tuple[int, ...], tuple[dict[str, Any], ...]]] = {
    "windows of two by two": (DIRECT, (1, 12, 12), (conv(6, 5), RELU, pool("max", 2))),
    "tiles of six pixels": (DIRECT, (2, 11, 9), (conv(20, 3, padding=1), RELU, pool("max", 2))),
    "rows and columns are left over": (DIRECT, (3, 9, 13), (conv(5, 3, padding=(1, 2), stride=2), pool("max", (2, 2)))),
    "one axis, no relu": (DIRECT, (1, 23), (conv(7, 5, padding=2), pool("max", 2))),
    "eight taps": (DIRECT, (2, 4, 7, 6), (conv(9, 3, padding=1), RELU, pool("max", 2))),
    "a transposed convolution": (
        DIRECT,
        (3, 6, 5),
        (layer("conv_transpose", out_channels=5, kernel_size=3), pool("max", 2)),
    ),
    "relu behind the pool": (DIRECT, (1, 8, 10), (conv(4, 3, padding=1), pool("max", (1, 2)), RELU)),
    "sigmoid, which goes behind the pool": (DIRECT, (1, 8, 8), (conv(4, 3), layer("sigmoid"), pool("max", 2))),
    "groups, flipped kernels": (DIRECT, (4, 8, 7), (conv(6, 3, groups=2, flip=True, padding=1), pool("max", (2, 1)))),
    "squares of 3 x 3": (SQUARES, (17, 10, 11), (conv(18, 3, padding=1), RELU, pool("max", 2))),
    "squares of 5 x 5": (SQUARES, (16, 13, 9), (conv(19, 5, padding=2), pool("max", (4, 2)), RELU)),
    "squares on planes": (SQUARES, (8, 3, 7, 9), (conv(9, 3, padding=1), RELU, pool("max", (1, 2, 2)))),
    "rows of five": (ROWS, (16, 23), (conv(17, 5, padding=2), RELU, pool("max", 2))),
    "rows of three by four": (ROWS, (17, 19), (conv(16, 3), pool("max", 4))),
}
# Pools that have to see all numbers.
NOT_THERE: dict[str, tuple[tuple[int, ...], tuple[dict[str, Any], ...]]] = {
    "windows overlap": ((1, 9, 9), (conv(4, 3), RELU, pool("max", 3, stride=2))),
    "padding": ((1, 8, 8), (conv(4, 3), RELU, pool("max", 2, padding=1))),
    "windows of one": ((16, 9, 9), (conv(16, 3, padding=1), RELU, pool("max", 1))),
    "minima": ((1, 8, 8), (conv(4, 3), pool("min", 2))),
    "windows of nine": ((1, 9, 9), (conv(4, 3, padding=1), pool("max", 3))),
    "another reader": (
        (1, 8, 8),
        (conv(4, 3, name="a", padding=1), pool("max", 2, name="b"), layer("upsample", scale_factor=2, name="c"),
         layer("add", from_=["a", "c"])),
    ),
    "something between": ((1, 8, 8), (conv(4, 3), layer("batch_norm"), pool("max", 2))),
}  # fmt: skip


@pytest.fixture(autouse=True)
def always_by_winograd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Winograd's method also where the direct one is faster, but for few channels."""
    for module in (winograd_cost, winograd_rows):
        monkeypatch.setattr(module, "pays", lambda *_: True)
    monkeypatch.setattr(winograd_cost, "_LEAST_CHANNELS", {3: 8, 5: 8})


def net_of(shape: tuple[int, ...], layers: tuple[dict[str, Any], ...]) -> Network:
    return network(shape, *layers, FLATTEN, linear(5))


def kernels(plan: Plan) -> list[str]:
    return [call.kernel.label for call in plan.program.calls()]


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("name", NETWORKS)
def test_agrees_with_the_reference(name: str, lanes: int) -> None:
    maker, shape, layers = NETWORKS[name]
    net = net_of(shape, layers)
    with using(lanes):
        model = Model(net, seed=1)
        samples = 2 * lanes + 3
        x, _ = batch(net, samples)
        dy = np.random.default_rng(2).standard_normal((samples, 5), dtype=np.float32)
        reference = Reference(net, {key: each.astype(np.float64) for key, each in model.parameters.items()}, {})
        values = reference.forward(x)
        expected = reference.backward(values, dy.astype(np.float64))
        program, gradients = lower_gradients(net, samples, model.parameters, model.buffers, model.input_scale)
        plan = Plan(program)
        found = {"output": np.empty_like(dy), "dx": np.empty_like(x)}
        indices = np.arange(samples, dtype=np.int64)
        for _ in range(2):
            plan.run(samples, {"input": x, "dy": dy, "indices": indices} | found)
        predicted = model(x)
        inference = kernels(model.planned(False, samples))
    for labels in (kernels(plan), inference):
        assert not any("extreme(" in label for label in labels), "a pool of its own"
        assert sum(label.startswith(maker) for label in labels) >= 1
    assert_close(found["output"], values[net.layers[-1].name], "float32", "forward", TERMS)
    assert np.array_equal(predicted, found["output"])
    assert_close(found["dx"], expected["input"], "float32", "input_gradient", TERMS)
    for key, gradient in gradients.items():
        assert_close(array_view(plan.arena, gradient), expected[key], "float32", "weight_gradient", TERMS)


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("name", [name for name, (maker, _, _) in NETWORKS.items() if maker == DIRECT])
def test_a_first_layer_learns_as_the_reference(name: str, lanes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its weight gradient takes the pool's gradient a few windows at a time; several blocks add to one sum."""
    monkeypatch.setattr(Program, "PARTIAL_BYTES", 1)
    with using(lanes):
        trainer = follow(net_of(*NETWORKS[name][1:]), {"type": "sgd", "lr": 0.1}, (10 * lanes + 3, lanes + 1))
        labels = kernels(trainer.planned(1))
    assert trainer.planned(1).program.blocks_per_partition == 2
    # Groups, and what a transposed convolution correlates, want all of the pool's gradient.
    wants_all = name.startswith(("groups", "a transposed"))
    assert any("correlate_pooled" in label for label in labels) != wants_all
    assert any("extreme_gradient" in label for label in labels) == wants_all


@pytest.mark.parametrize("name", NOT_THERE)
def test_others_have_a_kernel_of_their_own(name: str) -> None:
    net = net_of(*NOT_THERE[name])
    model = Model(net, seed=1)
    x, _ = batch(net, 21)
    buffers = {key: each.astype(np.float64) for key, each in model.buffers.items()}
    reference = Reference(net, {key: each.astype(np.float64) for key, each in model.parameters.items()}, buffers)
    assert_close(model(x), reference.forward(x)[net.layers[-1].name], "float32", "forward", TERMS)
    assert any("extreme(" in label for label in kernels(model.planned(False, 21)))


def test_what_is_not_a_number_wins_and_ties_go_to_the_first() -> None:
    net = net_of((1, 4, 4), (conv(1, 1, bias=False), pool("max", 2)))
    model = Model(net, seed=1)
    model.parameters["conv1.weight"][...] = 1.0
    x = np.zeros((1, 1, 4, 4), np.float32)
    x[0, 0, 1, 2] = np.nan
    x[0, 0, 2:, :2] = [[3, 3], [3, -1]]
    program, _ = lower_gradients(net, 1, model.parameters, model.buffers, model.input_scale)
    plan = Plan(program)
    found = {"output": np.empty((1, 5), np.float32), "dx": np.empty_like(x)}
    dy = np.ones((1, 5), np.float32)
    plan.run(1, {"input": x, "dy": dy, "indices": np.zeros(1, np.int64)} | found)
    assert np.isnan(found["output"]).all()
    expected = np.zeros((4, 4), np.float32)
    weights = model.parameters["linear1.weight"].sum(axis=0)
    expected[0, 0], expected[1, 2], expected[2, 0], expected[2, 2] = weights
    np.testing.assert_allclose(found["dx"][0, 0], expected, rtol=1e-5)
