"""Random small graphs over all layer types: what shares, overwrites or fuses buffers must not change a gradient.

Each graph is run by the kernels and by the float64 reference. How well its gradients can be known in float32 is found
by asking the reference again with numbers that are off in the seventh digit; graphs that this turns upside down (a
maximum of nearly equal numbers, a relu of nearly nothing) are drawn anew.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from networks import FLATTEN, conv, linear, network
from random_graphs import assert_known, described, disturbed, drawn_model, graph
from reference_training import ReferenceTrainer

from nbcnn import Model
from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.network import INPUT, Network, Node, build
from nbcnn.plan import checkpointing, lowering
from nbcnn.plan.gradients import GradientPlan
from nbcnn.plan.reference import Reference
from nbcnn.spec.model import Engine
from nbcnn.training.trainer import Trainer

GRAPHS = 40
# Hypothesis draws numbers alone: left to draw layers, it repeats a few of them.
graphs = st.integers(0, 2**32 - 1).map(graph)


def reference_gradients(
    net: Network, arrays: dict[str, np.ndarray], buffers: dict[str, np.ndarray], dy: np.ndarray
) -> dict[str, np.ndarray]:
    moved = {key: value.astype(np.float64) for key, value in buffers.items()}
    reference = Reference(net, arrays, moved, (7, 3))
    values = reference.forward(arrays[INPUT])
    y = values[net.layers[-1].name]
    return reference.backward(values, dy.astype(np.float64).reshape(y.shape)) | {"output": y}


@pytest.mark.parametrize(("lanes", "batches"), [(4, (35, 6)), (16, (19, 5))])
@settings(
    max_examples=GRAPHS,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
@given(net=graphs)
def test_gradients_of_random_graphs(net: Network, lanes: int, batches: tuple[int, ...]) -> None:
    """The second batch goes through the plan of the first, with stray lanes and blocks that stay idle."""
    model = drawn_model(net)
    random = np.random.default_rng(2)
    # So that blocks share partial sums where there are more than eight.
    with using(lanes), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Program, "PARTIAL_BYTES", 0)
        plan = GradientPlan(net, batches[0], model.parameters, model.buffers)
        for samples in batches:
            x = random.standard_normal((samples, *net.input_shape)).astype(np.float32)
            dy = random.standard_normal((samples, *net.output_shape)).astype(np.float32)
            y, actual = plan.run(x, dy, step=3, seed=7)
            arrays = {INPUT: x} | dict(model.parameters)
            exact = {key: value.astype(np.float64) for key, value in arrays.items()}
            expected = reference_gradients(net, exact, dict(model.buffers), dy)
            again = reference_gradients(net, disturbed(arrays, random), dict(model.buffers), dy)
            trained = {f"{node.name}.{name}" for node in net.layers if node.trainable for name in node.parameters}
            assert actual.keys() == trained | {INPUT}, described(net)
            assert_known(actual | {"output": y}, expected, again, net)


@settings(
    max_examples=GRAPHS,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
@given(net=graphs)
def test_steps_on_random_graphs(net: Network) -> None:
    """Training wants no gradient of the input, and of frozen layers none at all: other buffers are written over."""
    model = drawn_model(net)
    random = np.random.default_rng(3)
    optimizer = {"type": "sgd", "lr": 1.0}
    before = {key: value.copy() for key, value in model.parameters.items()}
    frozen = {f"{node.name}.{name}" for node in net.layers if not node.trainable for name in node.parameters}
    x = random.standard_normal((19, *net.input_shape)).astype(np.float32)
    y = random.standard_normal((19, *net.output_shape)).astype(np.float32)
    changed, losses = [], []
    noisy = disturbed({INPUT: x} | before, random)
    for inputs, arrays in ((x, before), (noisy.pop(INPUT), noisy)):
        reference = ReferenceTrainer(net, arrays, optimizer, seed=5, buffers=model.buffers, loss="mse_loss")
        losses.append(reference.step(inputs, y))
        after = {key: reference.parameters[key] - arrays[key] for key in before}
        changed.append(after | {key: value.copy() for key, value in reference.buffers.items()})
    loss = Trainer(model, loss="mse_loss", optimizer=optimizer, seed=5).step(x, y)
    assume(abs(losses[1] - losses[0]) <= 1e-4 * abs(losses[0]))
    assert abs(loss - losses[0]) <= 1e-5 * abs(losses[0]) + 20 * abs(losses[1] - losses[0]), described(net)
    for key in frozen:
        assert np.array_equal(model.parameters[key], before[key]), f"{key} moved\n{described(net)}"
    steps = {key: model.parameters[key].astype(np.float64) - before[key] for key in before if key not in frozen}
    if steps:
        assert_known(steps, changed[0], changed[1], net)


@settings(
    max_examples=GRAPHS,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
@given(net=graphs)
def test_what_is_computed_again_is_the_same(net: Network) -> None:
    """With a segment for every place at which a graph can be cut."""
    model = drawn_model(net)
    random = np.random.default_rng(4)
    x = random.standard_normal((19, *net.input_shape)).astype(np.float32)
    dy = random.standard_normal((19, *net.output_shape)).astype(np.float32)
    again = build(net.spec.model_copy(update={"engine": Engine(checkpointing=True)}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lowering, "segments", most_segments)
        found = [GradientPlan(each, 19, model.parameters, model.buffers) for each in (net, again)]
    (y, gradients), (same_y, same_gradients) = (plan.run(x, dy, step=3, seed=7) for plan in found)
    for key, value in (gradients | {"output": y}).items():
        assert np.array_equal(value, (same_gradients | {"output": same_y})[key], equal_nan=True), (
            f"{key}\n{described(net)}"
        )


def most_segments(layers: Sequence[Node]) -> list[range]:
    bounds = [0, *checkpointing.cuts(layers), len(layers)]
    return [range(first, last) for first, last in pairwise(bounds)]


def test_gradients_are_there_though_running_statistics_are_not_finite() -> None:
    """They hold an update back, and there is none."""
    net = network((2, 8, 8), conv(5, 3), {"type": "batch_norm"}, conv(4, 3), FLATTEN, linear(3))
    model = Model(net, seed=1)
    random = np.random.default_rng(5)
    x, dy = (random.standard_normal((19, *shape)).astype(np.float32) for shape in (net.input_shape, net.output_shape))
    overflowing = {key: np.full_like(values, np.inf) for key, values in model.buffers.items()}
    found = [
        GradientPlan(net, 19, model.parameters, each).run(x, dy, step=1, seed=1)
        for each in (model.buffers, overflowing)
    ]
    (y, gradients), (same_y, same_gradients) = found
    assert np.array_equal(y, same_y)
    for key, values in gradients.items():
        assert np.array_equal(values, same_gradients[key]), key
