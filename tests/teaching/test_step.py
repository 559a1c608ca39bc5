"""Single numbers written out, against what nbcnn.functional computes with the compiled kernels."""

import inspect
from random import Random

import numpy as np
import pytest
from networks import NETWORKS, network

from nbcnn import api, functional
from nbcnn.errors import DataError, InputError, SpecError, WeightsError
from nbcnn.model import Model
from nbcnn.network import Network
from nbcnn.spec import load, parse

# Float32 kernels beside float64 sums: some hundred roundings of 6e-8, relative to the largest number.
TOLERANCE = 1e-5

CONVOLUTIONS = [
    ({"type": "conv", "out_channels": 4, "kernel_size": 3, "padding": 2, "stride": 2, "groups": 2}, (4, 7)),
    ({"type": "conv", "out_channels": 2, "kernel_size": [2, 3], "dilation": [1, 2], "padding": [[1, 0], 2]}, (3, 5, 6)),
    ({"type": "conv", "out_channels": 2, "kernel_size": 3, "padding": 1, "flip": True}, (1, 4, 5)),
    ({"type": "conv", "out_channels": 2, "kernel_size": 3, "padding": 2, "padding_mode": "reflect"}, (1, 4, 5)),
    ({"type": "conv", "out_channels": 2, "kernel_size": 3, "padding": 1, "padding_mode": "circular"}, (2, 4, 5)),
    ({"type": "conv", "out_channels": 2, "kernel_size": 2, "stride": 2}, (2, 3, 4, 4)),
    (
        {"type": "conv_transpose", "out_channels": 4, "kernel_size": 3, "stride": 2, "padding": 1, "groups": 2},
        (2, 3, 4),
    ),
    ({"type": "conv_transpose", "out_channels": 2, "kernel_size": 2, "stride": 3, "dilation": 2}, (2, 4)),
]
OTHERS = [
    ({"type": "max_pool", "kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}, (2, 5, 6)),
    ({"type": "min_pool", "kernel_size": 2}, (2, 6)),
    ({"type": "avg_pool", "kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}, (2, 6, 5)),
    ({"type": "avg_pool", "kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False}, (2, 6)),
    ({"type": "adaptive_avg_pool", "output_size": 3}, (2, 7)),
    ({"type": "adaptive_max_pool", "output_size": 2}, (2, 5, 5)),
    ({"type": "global_avg_pool"}, (2, 3, 4)),
    ({"type": "global_max_pool"}, (2, 3, 4)),
]


def built(table: dict, shape: tuple[int, ...]) -> Network:
    return network(shape, table | {"name": "n"})


def drawn(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(3).standard_normal(shape)


def of_functional(net: Network, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """The layer's output by the compiled kernels, and its weight's gradient for a gradient of ones."""
    node, arrays = net["n"], Model(net, seed=4).parameters
    function = getattr(functional, node.operation)
    taken = inspect.signature(function).parameters
    attributes = {name: value for name, value in node.attributes.items() if name in taken}
    inputs = [x[np.newaxis].astype(np.float32), *(arrays[f"n.{name}"] for name in node.parameters)]
    if set(attributes) != set(node.attributes):  # a padding mode is a layer's: the padding by itself, then none
        pairs = tuple(node.attributes["padding"])
        inputs[0] = functional.pad(inputs[0], pairs, mode=node.attributes["padding_mode"])
        attributes["padding"] = 0
    y, pullback = functional.vjp(function, *inputs, **attributes)
    return y[0], pullback(np.ones_like(y))[1] if node.parameters else None


def units_of(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    every = list(np.ndindex(*shape))
    return [every[0], every[-1], *Random(1).sample(every, min(10, len(every)))]


@pytest.mark.parametrize(("table", "shape"), CONVOLUTIONS)
def test_convolutions_are_sums_of_products(table, shape):
    net = built(table, shape)
    x = drawn(shape)
    y, dweight = of_functional(net, x)
    for unit, weight in zip(units_of(y.shape), units_of(dweight.shape), strict=False):
        found = api.step(net.spec, "n", unit, sample=x.ravel().tolist(), seed=4, weight=weight)
        assert found.rule == "products" and found.unit == unit
        total = sum(term.product for term in found.terms) + found.numbers["bias"]
        assert found.value == pytest.approx(total, abs=1e-12)
        assert found.value == pytest.approx(y[unit], abs=TOLERANCE * float(np.abs(y).max()))
        assert found.gradient.value == pytest.approx(dweight[weight], abs=TOLERANCE * float(np.abs(dweight).max()))


@pytest.mark.parametrize(("table", "shape"), OTHERS)
def test_pools_choose_or_average(table, shape):
    net = built(table, shape)
    x = drawn(shape)
    y, _ = of_functional(net, x)
    for unit in units_of(y.shape):
        found = api.step(net.spec, "n", unit, sample=x.ravel().tolist())
        read = [term.number for term in found.terms]
        expected = {"maximum": max, "minimum": min, "mean": lambda each: sum(each) / len(each)}[found.rule](read)
        assert found.value == pytest.approx(expected, abs=1e-12)
        assert found.value == pytest.approx(y[unit], abs=TOLERANCE)
        if found.winner is not None:
            winner = found.terms[found.winner]
            assert winner.number == found.value == x[winner.index]


def test_every_layer_of_whole_networks_has_its_number():
    """Whatever the layer, the number is that of the compiled network, where its last layer is."""
    for name in list(NETWORKS)[:6]:
        shape, *layers = NETWORKS[name]
        net = network(shape, *layers)
        x = drawn(shape)
        y = Model(net, seed=2)(x[np.newaxis].astype(np.float32))[0]
        unit = tuple(size // 2 for size in y.shape)
        for node in net.layers:
            found = api.step(net.spec, node.name, sample=x.ravel().tolist(), seed=2)
            assert np.isfinite(found.value) and found.terms, node.name
        last = api.step(net.spec, net.layers[-1].name, unit, sample=x.ravel().tolist(), seed=2)
        assert last.value == pytest.approx(y[unit], abs=1e-4 * float(np.abs(y).max())), name


def test_the_example_of_the_book_is_exact():
    spec = load("examples/cross_correlation.toml")
    values = [
        [api.step(spec, "conv1", (0, r, c), sample=range(9), kernel=range(4)).value for c in (0, 1)] for r in (0, 1)
    ]
    assert values == [[19, 25], [37, 43]]
    found = api.step(spec, "conv1", (0, 0, 0), sample=range(9), kernel=range(4), weight=(0, 0, 1, 1))
    assert [(term.number, term.factor) for term in found.terms] == [(0, 0), (1, 1), (3, 2), (4, 3)]
    assert found.gradient.value == 4 + 5 + 7 + 8


def test_a_batch_norm_has_its_four_numbers():
    net = network((2, 3), {"type": "batch_norm", "name": "n", "eps": 0.5})
    found = api.step(net.spec, "n", (1, 2), sample=[1, 2, 3, 4, 5, 6])
    assert found.rule == "batch_norm"
    assert found.numbers == {"mean": 0.0, "variance": 1.0, "weight": 1.0, "bias": 0.0, "eps": 0.5}
    assert found.value == pytest.approx(6 / np.sqrt(1.5))


def test_a_linear_layer_and_its_loss():
    spec = load("specs/digits.toml")
    last = api.build(spec).layers[-1]
    index = (3, 5)
    ones = api.step(spec, last.name, (3,), weight=index, sample=7)
    of_loss = api.step(spec, last.name, (3,), weight=index, sample=7, upstream="loss")
    assert ones.gradient.value == ones.gradient.terms[0].number == ones.terms[5].number
    assert of_loss.gradient.value != ones.gradient.value
    # The gradient of cross-entropy by the logits, less the target: between -1 and 1, of the sign of being no answer.
    assert -1 < of_loss.gradient.terms[0].factor < 1


def test_the_gradient_of_the_loss_is_its_slope():
    spec = load("specs/digits.toml")
    net = api.build(spec)
    kernel = Model(net, seed=0).parameters["conv2.weight"].astype(np.float64)
    index, step = (1, 2, 0, 1), 1e-5

    def loss(change: float) -> float:
        moved = kernel.copy()
        moved[index] += change
        return float(_cross_entropy(spec, moved))

    gradient = api.step(spec, "conv2", weight=index, sample=3, upstream="loss").gradient.value
    assert gradient == pytest.approx((loss(step) - loss(-step)) / (2 * step), rel=1e-4)


def _cross_entropy(spec, kernel) -> float:
    from nbcnn.plan.reference import Reference
    from nbcnn.teaching.sample import from_data
    from nbcnn.training.events import ignore
    from nbcnn.weights import initialise

    net = api.build(spec)
    sample = from_data(net, 3, None, None, ignore)
    parameters = {key: each.astype(np.float64) for key, each in initialise(net, 0).items()} | {"conv2.weight": kernel}
    output = Reference(net, parameters, {}).forward(sample.numbers[np.newaxis])[net.layers[-1].name][0]
    return float(np.log(np.exp(output - output.max()).sum()) + output.max() - output[int(sample.target)])


def test_weights_from_a_file(tmp_path):
    spec = load("specs/digits.toml")
    model = Model(api.build(spec), seed=9)
    model.normalization = {"mean": [0.25], "std": [2.0]}
    model.save(tmp_path / "w.h5")
    pixels = np.arange(64, dtype=np.uint8).reshape(1, 8, 8)
    np.save(tmp_path / "x.npy", pixels)
    found = api.step(spec, "conv1", (2, 4, 4), weights=tmp_path / "w.h5", sample=tmp_path / "x.npy")
    y = model(pixels[np.newaxis])
    assert y.shape == (1, 10)
    assert found.terms[4].number == pytest.approx((36 / 255 - 0.25) / 2)
    assert found.terms[4].factor == pytest.approx(float(model.parameters["conv1.weight"][2, 0, 1, 1]))


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"layer": "nope"}, SpecError, "no layer is named"),
        ({"unit": (9, 9)}, InputError, "row 9"),
        ({"sample": 10**6}, InputError, "training samples"),
        ({"sample": [1.0]}, InputError, "64 numbers fill"),
        ({"sample": "none.npy"}, DataError, "none.npy"),
        ({"weights": "none.h5"}, WeightsError, "none.h5"),
        ({"kernel": [1.0]}, InputError, "numbers fill the weight"),
        ({"layer": "pool", "kernel": [1.0]}, InputError, "has no weight"),
        ({"weight": (0, 0)}, InputError, "is no index of the weight"),
        ({"weight": (0, 0, 0, 9)}, InputError, "is no index of the weight"),
        ({"layer": "pool", "weight": (0,)}, InputError, "has no weight"),
        ({"sample": [0.0] * 64, "weight": (0, 0, 0, 0), "upstream": "loss"}, InputError, "needs a labelled sample"),
    ],
)
def test_what_does_not_do_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        api.step(load("specs/digits.toml"), **({"layer": "conv1"} | arguments))


def test_a_spec_without_data_needs_a_sample():
    with pytest.raises(InputError, match="no \\[data\\] table to take a sample from"):
        api.step(load("examples/cross_correlation.toml"), "conv1")


def test_data_are_found_from_the_specs_folder(tmp_path):
    x = np.arange(18, dtype=np.float32).reshape(2, 1, 3, 3)
    np.savez(tmp_path / "own.npz", x_train=x, y_train=np.array([0, 0]))
    conv = '[[layers]]\ntype = "conv"\nname = "c"\nout_channels = 1\nkernel_size = 3\nbias = false\n'
    text = f'{conv}[input]\nshape = [1, 3, 3]\n[data]\nsource = "own.npz"\nnormalize = false\nvalidation = 0.0\n'
    (tmp_path / "own.toml").write_text(text)
    written = api.step(load(tmp_path / "own.toml"), "c", sample=1, kernel=[1.0] * 9)
    assert written.value == x[1].sum()


def test_a_gradient_of_another_layers_weight_is_refused():
    spec = parse({"input": {"shape": [2, 3]}, "layers": [{"type": "batch_norm", "name": "n"}]})
    with pytest.raises(InputError, match="written out for conv, conv_transpose and linear"):
        api.step(spec, "n", weight=(0,), sample=range(6))
