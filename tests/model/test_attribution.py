"""What layers give, saliency and Grad-CAM, beside the reference's gradients in float64."""

import copy

import numpy as np
import pytest
from networks import FLATTEN, NETWORKS, conv, dropout, layer, linear, network, pool

from nbcnn.attribution import last_map
from nbcnn.errors import InputError, SpecError
from nbcnn.model import Model
from nbcnn.network import INPUT, Network
from nbcnn.plan import scores
from nbcnn.plan.plan import Plan
from nbcnn.plan.reference import Reference

TOLERANCE = 2e-5
"""Relative to the largest number: a few hundred roundings of float32."""

BRANCHES = (
    (2, 8, 9),
    conv(4, 3, padding=1, name="a"),
    layer("batch_norm", name="norm", activation="relu"),
    dropout(0.5),
    conv(4, 3, padding=1, name="b", activation="relu"),
    layer("add", name="sum", from_=["b", "dropout1"]),
    pool("max", 2),
    FLATTEN,
    dropout(0.5),
    linear(5),
)


def model_of(net: Network) -> Model:
    """Running statistics that no two channels share, and inputs that are normalised."""
    model = Model(net, seed=3)
    random = np.random.default_rng(1)
    for each in model.buffers.values():
        each[...] = random.uniform(0.5, 2.0, each.shape)
    channels = net.input_shape[0]
    model.normalization = {"mean": [0.1] * channels, "std": list(np.linspace(0.5, 2.0, channels))}
    return model


def reference_of(model: Model, x: np.ndarray) -> tuple[Reference, np.ndarray]:
    held = (model.parameters, model.buffers)
    arrays = ({key: each.astype(np.float64) for key, each in part.items()} for part in held)
    scale = model.input_scale.astype(np.float64).T.reshape(2, 1, -1, *[1] * (x.ndim - 2))
    return Reference(model.network, *arrays), x * scale[0] + scale[1]


def close(actual: np.ndarray, expected: np.ndarray) -> None:
    assert actual.shape == expected.shape and actual.dtype == np.float32
    assert np.abs(expected).max() > 0
    assert np.abs(actual - expected).max() <= TOLERANCE * np.abs(expected).max()


@pytest.mark.parametrize(
    "net",
    [network(*BRANCHES), network(*NETWORKS["one axis"]), network(*NETWORKS["groups, average pools"])],
    ids=["branches", "one axis", "groups"],
)
def test_every_layer_and_its_gradient_are_the_references(net: Network) -> None:
    model = model_of(net)
    x = np.random.default_rng(0).standard_normal((3, *net.input_shape), dtype=np.float32)
    reference, normalised = reference_of(model, x)
    values = reference.forward(normalised)
    last = net.layers[-1].name
    target = [1, 0, 2]
    dy = np.zeros_like(values[last])
    dy[np.arange(3), target] = 1.0
    for node in net.layers:
        close(model.activations(x, node.name), values[node.name])
        _, gradient = model._weighted.score_gradient(x, dy.astype(np.float32), node.name)
        close(gradient, reference.upstream(values, dy, node.name))
        if len(node.output_shape) > 1:
            space = tuple(range(2, values[node.name].ndim))
            weights = reference.upstream(values, dy, node.name).mean(axis=space, keepdims=True)
            expected = np.maximum((weights * values[node.name]).sum(axis=1), 0.0)
            assert np.abs(model.grad_cam(x, node.name, target) - expected).max() <= TOLERANCE * np.abs(expected).max()
    slopes = reference.backward(values, dy)[INPUT] * model.input_scale[:, 0].reshape(-1, *[1] * (x.ndim - 2))
    close(model.saliency(x, target), np.abs(slopes).max(axis=1))


def test_the_highest_score_is_the_target_unless_one_is_given() -> None:
    model = model_of(network(*BRANCHES))
    x = np.random.default_rng(2).standard_normal((70, 2, 8, 9), dtype=np.float32)
    highest = model(x).argmax(axis=1)
    assert len(set(highest.tolist())) > 1
    np.testing.assert_array_equal(model.saliency(x), model.saliency(x, highest))
    np.testing.assert_array_equal(model.grad_cam(x), model.grad_cam(x, "sum", highest))
    np.testing.assert_array_equal(model.saliency(x, 3)[60:], model.saliency(x, [3] * 70)[60:])


def test_plans_are_made_once_and_follow_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    monkeypatch.setattr(scores, "Plan", lambda program: made.append(program) or Plan(program))
    model = model_of(network(*BRANCHES))
    x = np.random.default_rng(0).random((1, 2, 8, 9), dtype=np.float32)
    before = model.saliency(x, 1)
    np.testing.assert_array_equal(model.saliency(x, 1), before)
    assert len(made) == 2  # of the outputs and of their gradient
    model.parameters["a.weight"][...] *= -1
    again = copy.deepcopy(model)
    changed = model.saliency(x, 1)
    assert len(made) == 2 and not np.array_equal(changed, before)
    model.parameters["a.weight"][...] = 0
    np.testing.assert_array_equal(again.saliency(x, 1), changed)
    assert model.saliency(np.tile(x, (3, 1, 1, 1)), 1).shape == (3, 8, 9) and len(made) == 6


def test_bytes_count_as_shares_of_255() -> None:
    model = model_of(network(*BRANCHES))
    x = np.random.default_rng(2).integers(0, 256, (2, 2, 8, 9), dtype=np.uint8)
    shares = (x / 255).astype(np.float32)
    np.testing.assert_allclose(model.saliency(x, 0), model.saliency(shares, 0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.activations(x, "a"), model.activations(shares, "a"), rtol=1e-4, atol=1e-5)


def test_a_score_of_an_output_with_positions_is_their_sum() -> None:
    net = network((1, 6, 6), conv(3, 3, padding=1, name="a", activation="tanh"), conv(2, 1, name="b"))
    model = Model(net)
    x = np.ones((1, 1, 6, 6), np.float32)
    weight = model.parameters["b.weight"][1, :, 0, 0]
    expected = np.maximum(np.einsum("c,cij->ij", weight, model.activations(x, "a_tanh")[0]), 0.0)
    np.testing.assert_allclose(model.grad_cam(x, "a_tanh", 1)[0], expected, rtol=1e-4, atol=1e-6)
    with pytest.raises(InputError, match="the network's output has positions itself"):
        model.grad_cam(x)


def test_the_layer_by_default_is_the_last_with_positions_before_its_pool() -> None:
    assert last_map(network(*BRANCHES)) == "sum"
    deep = network((1, 8, 8), conv(2, 3, name="a", activation="relu"), layer("global_avg_pool"), FLATTEN, linear(2))
    assert last_map(deep) == "a_relu"


def test_refusals() -> None:
    model = Model(network(*BRANCHES))
    x = np.zeros((2, 2, 8, 9), np.float32)
    with pytest.raises(SpecError, match="no layer is named 'c'"):
        model.activations(x, "c")
    with pytest.raises(InputError, match='"flatten1" .flatten. gives 64 numbers without positions'):
        model.grad_cam(x, "flatten1")
    with pytest.raises(InputError, match=r"target: \[7\] with 5 outputs; use 0 to 4"):
        model.saliency(x, 7)
    with pytest.raises(InputError, match="a class number, or one for each of 2 samples, is expected"):
        model.saliency(x, [1, 2, 3])
    with pytest.raises(InputError, match=r"grad_cam: samples of shape \(N, 2, 8, 9\) are expected"):
        model.grad_cam(x[0])
    with pytest.raises(InputError, match="no layer of .* has positions"):
        Model(network((1, 4), FLATTEN, linear(2))).grad_cam(np.zeros((1, 1, 4), np.float32))
