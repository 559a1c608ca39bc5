"""A compiled model computes what its model does, whatever layout it chose, and is of the moment it was made."""

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from networks import FLATTEN, NETWORKS, conv, layer, linear, named, network, pool
from random_graphs import OPTIONS, Graph, assert_known, disturbed, drawn_model, graph
from reference_training import activations, batch
from tolerances import UNIT

from nbcnn import spec
from nbcnn.compiled import CompiledModel
from nbcnn.errors import InputError
from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.model import Model
from nbcnn.network import INPUT, Network, build
from nbcnn.plan.one_sample import OneSamplePlan
from nbcnn.training.threads import threads

WORKLOADS = sorted((Path(__file__).parents[2] / "benchmarks" / "workloads").glob("w*.toml"))
GRAPHS = 40


def used(net: Network) -> Model:
    """A model whose batch norms have seen something."""
    model = Model(net, seed=1)
    random = np.random.default_rng(1)
    for key, value in model.buffers.items():
        value[...] = (
            random.uniform(0.5, 1.5, value.shape) if key.endswith("var") else random.uniform(-0.2, 0.2, value.shape)
        )
    return model


def has_channels_as_lanes(compiled: CompiledModel) -> bool:
    return isinstance(compiled._run, OneSamplePlan)


def check(model: Model, compiled: CompiledModel, x: np.ndarray) -> None:
    expected = activations(model.network, model.parameters, x, buffers=model.buffers)[model.network.layers[-1].name]
    y = compiled(x)
    assert y.dtype == np.float32
    assert y.shape == expected.shape
    # As for the model itself: a few layers, each with the rounding of its sums and of those before it.
    assert np.abs(y - expected).max(initial=0) <= 200 * UNIT["float32"] * max(1, np.abs(expected).max(initial=0))


@pytest.mark.parametrize("lanes", [4, 16])
@pytest.mark.parametrize("batch_size", [1, 19])
@pytest.mark.parametrize("name", NETWORKS)
def test_agrees_with_the_reference(name: str, batch_size: int, lanes: int) -> None:
    with using(lanes):
        model = used(named(name))
        check(model, model.compile(batch_size), batch(model.network, batch_size)[0])


@pytest.mark.parametrize("path", WORKLOADS, ids=lambda path: path.stem)
def test_one_sample_of_every_workload_has_channels_as_lanes(path: Path) -> None:
    model = used(build(spec.load(path)))
    compiled = model.compile(1)
    assert has_channels_as_lanes(compiled)
    x, _ = batch(model.network, 1)
    expected = model(x)
    assert np.abs(compiled(x) - expected).max() <= 200 * UNIT["float32"] * np.abs(expected).max()


# What has a version with channels as lanes, with the options that have one.
BY_CHANNEL = {
    **{
        key: OPTIONS[key]
        for key in ("upsample", "pad", "crop", "max_pool", "min_pool", "avg_pool", "lp_pool", "linear")
    },
    **{key: OPTIONS[key] for key in ("adaptive_avg_pool", "adaptive_max_pool", "batch_norm", "dropout")},
    "conv": OPTIONS["conv"] | {"out_channels": (1, 3, 5, 8, 9), "padding_mode": ("zeros",)},
}
PLAIN = ("relu", "sigmoid", "tanh", "silu", "hard_swish", "relu6", "leaky_relu", "global_avg_pool", "global_max_pool")
KINDS = [*["conv", "add", "relu"] * 8, *["max_pool", "concat"] * 3, *BY_CHANNEL, *PLAIN]


class GraphByChannel(Graph):
    """Nothing is laid side by side at its end, since few channels cannot be with channels as lanes."""

    def end(self) -> None:
        """Of everything that nobody reads the same number of features, added up; or a last layer as it is."""
        if self.unread == [self.layers[-1]["name"]] and self.random.random() < 0.5:
            return
        rows = [name if len(self.shapes[name]) == 1 else self.add("flatten", [name]) or name for name in self.unread]
        self.layers += [layer("linear", out_features=5, name=f"end_{row}", from_=row) for row in rows]
        if len(rows) > 1:
            self.layers.append(layer("add", from_=[f"end_{row}" for row in rows], activation="tanh"))


def graph_by_channel(seed: int) -> Network:
    random = Random(seed)
    grown = GraphByChannel(random, KINDS, BY_CHANNEL)
    while not grown.layers or random.random() < 0.9:
        grown.grow()
    grown.end()
    return network(grown.input_shape, *grown.layers)


def check_graph(net: Network, compiled: CompiledModel, model: Model, samples: int) -> None:
    """Against the reference, as well as float32 can know the output."""
    random = np.random.default_rng(2)
    arrays = {INPUT: random.standard_normal((samples, *net.input_shape)).astype(np.float32)} | dict(model.parameters)
    name = net.layers[-1].name
    expected, again = (
        {"output": activations(net, given, given[INPUT], buffers=model.buffers)[name]}
        for given in (arrays, disturbed(arrays, random))
    )
    assume(np.isfinite(again["output"]).all())
    assert_known({"output": compiled(arrays[INPUT])}, expected, again, net)


hypothesis_settings = settings(
    max_examples=GRAPHS,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("lanes", [4, 16])
@hypothesis_settings
@given(net=st.integers(0, 2**32 - 1).map(graph_by_channel))
def test_random_graphs_with_channels_as_lanes(net: Network, lanes: int) -> None:
    model = drawn_model(net)
    with using(lanes):
        compiled = model.compile(2)
    assume(has_channels_as_lanes(compiled))
    check_graph(net, compiled, model, 2)


@pytest.mark.parametrize("batch_size", [1, 19])
@hypothesis_settings
@given(net=st.integers(0, 2**32 - 1).map(graph))
def test_random_graphs_of_all_layers(net: Network, batch_size: int) -> None:
    model = drawn_model(net)
    check_graph(net, model.compile(batch_size), model, batch_size)


def test_later_changes_of_the_model_do_not_reach_it() -> None:
    model = used(named("batch norm under relu, on branches and on features"))
    x, _ = batch(model.network, 30)
    for size in (1, 30):
        compiled = model.compile(size)
        before = compiled(x[:size])
        for array in (*model.parameters.values(), *model.buffers.values()):
            array += 1.0
        model.normalization = {"mean": [1.0, 1.0], "std": [2.0, 2.0]}
        assert np.array_equal(compiled(x[:size]), before)
        assert not np.array_equal(model(x[:size]), before)


@pytest.mark.parametrize("batch_size", [2, 40])
def test_bytes_and_normalisation(batch_size: int) -> None:
    model = used(network((2, 7, 6), conv(4, 3, padding=1, activation="relu"), FLATTEN, linear(3)))
    model.normalization = {"mean": [0.4, 0.5], "std": [0.2, 0.3]}
    pixels = np.random.default_rng(0).integers(0, 256, (2, 2, 7, 6), np.uint8)
    compiled = model.compile(batch_size)
    mean, std = (np.array(model.normalization[name]).reshape(2, 1, 1) for name in ("mean", "std"))
    for x, inputs in ((pixels, pixels / 255.0), (pixels.astype(np.float32), pixels.astype(np.float64))):
        read = (inputs - mean) / std
        expected = activations(model.network, model.parameters, read)["linear1"]
        assert np.abs(compiled(x) - expected).max() <= 200 * UNIT["float32"] * max(1, np.abs(expected).max())


@pytest.mark.parametrize("batch_size", [3, 50])
def test_fewer_samples_of_any_layout_in_memory(batch_size: int) -> None:
    model = used(named("padding, two pools"))
    compiled = model.compile(batch_size)
    x, _ = batch(model.network, batch_size)
    whole = compiled(x)
    assert np.array_equal(compiled(x[:2]), whole[:2])
    assert np.array_equal(compiled(x[::-1]), whole[::-1])
    assert np.array_equal(compiled(x[:2].astype(np.float64)), whole[:2])
    assert np.array_equal(compiled(x[:2].tolist()), whole[:2])
    assert compiled(x[:0]).shape == (0, 10)
    assert compiled(x).base is None, "an array of its own"


@pytest.mark.parametrize("batch_size", [0, -1, 1.5, "1", None, True])
def test_a_batch_size_that_is_none(batch_size: object) -> None:
    with pytest.raises(InputError, match="batch_size: a whole number of at least 1 is expected"):
        Model(named("linear alone")).compile(batch_size)


@pytest.mark.parametrize("batch_size", [1, 40])
def test_inputs_that_do_not_fit(batch_size: int) -> None:
    compiled = Model(named("linear alone")).compile(batch_size)
    with pytest.raises(InputError, match=f"at most {batch_size} samples are expected.*received {batch_size + 1}"):
        compiled(np.zeros((batch_size + 1, 1, 3, 3), np.float32))
    with pytest.raises(InputError, match="add the batch axis"):
        compiled(np.zeros((1, 3, 3), np.float32))
    with pytest.raises(InputError, match="float32 or uint8 numbers are expected"):
        compiled(np.zeros((1, 1, 3, 3), complex))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, pickle.dumps])
def test_it_is_not_copied(duplicate: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="compile a copy of the model"):
        duplicate(Model(named("linear alone")).compile(1))


# Wide enough for several threads.
WIDE = (
    (3, 16, 16),
    conv(48, 3, padding=1, bias=False, name="stem"),
    layer("batch_norm", activation="relu", name="start"),
    conv(48, 3, padding=1, name="branch"),
    layer("add", from_=["start", "branch"], activation="relu"),
    pool("max", 2),
    conv(80, 3, stride=2, activation="tanh"),
    conv(80, 3, groups=80, padding=1),
    FLATTEN,
    linear(100, activation="relu"),
    linear(10),
)


def test_the_same_bits_on_any_number_of_threads() -> None:
    model = used(network(*WIDE))
    x, _ = batch(model.network, 1)
    results = []
    for count in (1, 2):
        with threads(count):
            results.append(model.compile(1)(x))
    check(model, model.compile(1), x)
    assert np.array_equal(*results)


@pytest.mark.parametrize("batch_size", [1, 60])
def test_several_threads_that_call_it_take_turns(batch_size: int) -> None:
    model = used(network(*WIDE))
    compiled, other = model.compile(batch_size), used(named("linear alone")).compile(batch_size)
    x = np.random.default_rng(0).standard_normal((4, batch_size, 3, 16, 16)).astype(np.float32)
    small = x[:, :, 0, None, :3, :3].copy()
    expected = [(compiled(x[number]), other(small[number])) for number in range(4)]

    def matches(number: int) -> bool:
        return all(
            np.array_equal(compiled(x[number]), expected[number][0])
            and np.array_equal(other(small[number]), expected[number][1])
            for _ in range(50)
        )

    with ThreadPoolExecutor(4) as pool_of_threads:
        assert all(pool_of_threads.map(matches, range(4)))
