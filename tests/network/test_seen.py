"""What a unit is said to see against what changes its number in the float64 reference."""

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import network
from random_graphs import JOINS, KINDS, Graph, described

from nbcnn.errors import InputError, SpecError
from nbcnn.layers.catalogue import LAYER_TYPES
from nbcnn.network import INPUT, Network, build
from nbcnn.network.seen import runs, seen
from nbcnn.plan.reference import Reference
from nbcnn.spec import load, parse
from nbcnn.weights.initialise import initial_buffers, initialise

# The settings of one layer, and the shape that it reads; every layer type is among them.
ROWS = [
    ({"type": "conv", "out_channels": 2, "kernel_size": 3, "stride": 2, "dilation": 2, "padding": 1}, (2, 9)),
    ({"type": "conv", "out_channels": 4, "kernel_size": [3, 2], "padding": 2, "groups": 2}, (2, 4, 5)),
    ({"type": "conv", "out_channels": 2, "kernel_size": 2, "stride": 3, "padding": "same"}, (1, 4, 5)),
    ({"type": "conv", "out_channels": 1, "kernel_size": 3, "padding": 2, "padding_mode": "reflect"}, (1, 3, 4)),
    (
        {"type": "conv", "out_channels": 1, "kernel_size": 3, "padding": [[0, 2], 3], "padding_mode": "circular"},
        (1, 3, 4),
    ),
    ({"type": "conv", "out_channels": 1, "kernel_size": 5, "padding": 4, "padding_mode": "replicate"}, (1, 4)),
    ({"type": "conv", "out_channels": 1, "kernel_size": 2, "flip": True}, (1, 3, 3, 3)),
    ({"type": "conv_transpose", "out_channels": 2, "kernel_size": 3, "stride": 2, "padding": 1}, (1, 3, 3)),
    ({"type": "conv_transpose", "out_channels": 2, "kernel_size": 2, "stride": 3, "output_padding": 2}, (2, 3)),
    ({"type": "conv_transpose", "out_channels": 2, "kernel_size": 3, "dilation": 2, "groups": 2}, (2, 4)),
    ({"type": "upsample", "scale_factor": 2}, (1, 3, 2)),
    ({"type": "upsample", "size": [5, 3], "mode": "nearest"}, (1, 3, 4)),
    ({"type": "upsample", "size": 7, "mode": "bilinear"}, (1, 3)),
    ({"type": "upsample", "size": [7, 1], "mode": "bilinear", "align_corners": True}, (1, 4, 3)),
    ({"type": "pad", "padding": [[1, 2], 0]}, (1, 3, 3)),
    ({"type": "pad", "padding": 2, "mode": "reflect"}, (1, 3, 3)),
    ({"type": "pad", "padding": 3, "mode": "circular"}, (1, 3)),
    ({"type": "pad", "padding": 2, "mode": "replicate"}, (1, 3)),
    ({"type": "crop", "crop": [[1, 0], [0, 2]]}, (2, 3, 4)),
    ({"type": "max_pool", "kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}, (1, 6, 5)),
    ({"type": "max_pool", "kernel_size": 2, "dilation": 2}, (2, 7)),
    ({"type": "min_pool", "kernel_size": 2, "stride": 3}, (1, 7)),
    ({"type": "avg_pool", "kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}, (1, 6)),
    ({"type": "lp_pool", "kernel_size": 2, "norm_type": 2.0, "ceil_mode": True}, (1, 5)),
    ({"type": "kmax_pool", "k": 2, "kernel_size": 3, "stride": 2}, (1, 2, 7)),
    ({"type": "kmax_pool", "k": 2, "kernel_size": 2}, (1, 4)),
    ({"type": "adaptive_avg_pool", "output_size": [2, 3]}, (2, 5, 4)),
    ({"type": "adaptive_max_pool", "output_size": 3}, (1, 7)),
    ({"type": "global_avg_pool"}, (2, 3, 2)),
    ({"type": "global_max_pool"}, (2, 4)),
    ({"type": "flatten"}, (2, 2, 3)),
    ({"type": "reshape", "shape": [3, 2, 2]}, (2, 6)),
    ({"type": "channel_shuffle", "groups": 2}, (6, 2)),
    ({"type": "channel_slice", "start": 1, "stop": 3}, (4, 2)),
    ({"type": "linear", "out_features": 2}, (5,)),
    ({"type": "batch_norm"}, (2, 3)),
    ({"type": "layer_norm"}, (2, 3)),
    ({"type": "layer_norm", "axes": [1]}, (3, 2, 2)),
    ({"type": "layer_norm", "axes": [3]}, (2, 2, 3)),
    ({"type": "instance_norm"}, (2, 3)),
    ({"type": "group_norm", "num_groups": 2}, (4, 2)),
    ({"type": "local_response_norm", "size": 2, "alpha": 1.0}, (4, 2)),
    ({"type": "local_response_norm", "size": 3, "alpha": 1.0}, (4, 2)),
    ({"type": "softmax"}, (3, 2)),
    ({"type": "log_softmax"}, (3, 2)),
    ({"type": "prelu"}, (2, 2)),
    ({"type": "leaky_relu"}, (2, 2)),
    *(({"type": kind}, (2, 2, 2)) for kind in ("relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "sigmoid")),
    *(({"type": kind}, (2, 2)) for kind in ("tanh", "hard_sigmoid", "hard_swish", "relu6", "scale")),
    *(({"type": kind, "p": 0.5}, (2, 2, 2)) for kind in ("dropout", "channel_dropout", "stochastic_depth")),
]
TRIALS = 12
# Relative to the number it changes: far above what another place in a batch does to a sum, far below any effect.
LEAST_CHANGE = 1e-11


def dependencies(net: Network, trials: int, *, rising: bool = False) -> dict[str, np.ndarray]:
    """Of every layer, (input numbers, output numbers): whether changing the one was seen to change the other.

    With `rising`, weights and inputs are above 0 and changes go upwards, so that no layer that keeps order hides one.
    """
    random = np.random.default_rng(0)
    parameters = {key: each.astype(np.float64) for key, each in initialise(net, 1).items()}
    for key, each in parameters.items():
        parameters[key] = np.abs(each) + 0.1 if rising else each + random.standard_normal(each.shape)
    buffers = {key: each.astype(np.float64) for key, each in initial_buffers(net).items()}
    reference = Reference(net, parameters, buffers)
    numbers = int(np.prod(net.input_shape))
    found = {node.name: np.zeros((numbers, *node.output_shape), bool) for node in net.layers}
    for trial in range(trials):
        size = 1e4 if rising else 10.0 ** (trial % 3)  # more than any maximum that it may have to exceed
        base = random.random(net.input_shape) + 0.1 if rising else random.standard_normal(net.input_shape)
        batch = np.repeat(base[np.newaxis], numbers + 1, axis=0)
        batch[1:].reshape(numbers, numbers)[np.diag_indices(numbers)] += size if rising or trial % 2 else -size
        for name, values in reference.forward(batch).items():
            if name != INPUT:
                scale = np.maximum(np.abs(values[1:]), np.abs(values[:1]))
                found[name] |= np.abs(values[1:] - values[:1]) > LEAST_CHANGE * scale
    return found


def said(net: Network, name: str, unit: Sequence[int] | None) -> np.ndarray:
    """The pixels that a unit is said to see."""
    return seen(net, name, unit).pixels


def changed(net: Network, found: np.ndarray, index: tuple[int, ...]) -> np.ndarray:
    """The pixels, of any channel, that were seen to change an output."""
    return found[(slice(None), *index)].reshape(net.input_shape).any(0)


def network_of_row(table: dict, shape: tuple[int, ...]) -> Network:
    if len(shape) > 1:
        return network(shape, table | {"name": "n"})
    return network((1, *shape), {"type": "flatten"}, table | {"name": "n"})


@pytest.mark.parametrize(("table", "shape"), ROWS, ids=lambda each: each["type"] if isinstance(each, dict) else None)
def test_every_unit_of_every_layer_sees_what_changes_it(table, shape):
    net = network_of_row(table, shape)
    found = dependencies(net, 4 * TRIALS)["n"]
    for unit in np.ndindex(*net["n"].output_shape):
        assert np.array_equal(said(net, "n", unit), changed(net, found, unit)), unit
    position = tuple(size // 2 for size in net["n"].output_shape[1:])
    in_all_channels = changed(net, found.any(1), position)
    assert np.array_equal(said(net, "n", None), in_all_channels)


def test_rows_are_of_every_layer_type():
    assert {table["type"] for table, _ in ROWS} == LAYER_TYPES.keys() - set(JOINS)


@pytest.mark.parametrize(
    ("kind", "gate"),
    [("add", "relu"), ("multiply", "relu"), ("multiply", "global_max_pool"), ("concat", "relu")],
)
def test_a_join_sees_what_changes_its_inputs(kind, gate):
    layers = [
        {"type": "conv", "name": "a", "out_channels": 2, "kernel_size": 3, "padding": 1},
        {"type": gate, "name": "b", "from": "input"},
        {"type": kind, "name": "n", "from": ["a", "b"]},
    ]
    net = network((2, 3, 4), *layers)
    found = dependencies(net, 1, rising=True)["n"]
    for unit in np.ndindex(*net["n"].output_shape):
        assert np.array_equal(said(net, "n", unit), changed(net, found, unit)), unit


# Kinds that let an increase of one input through to every output that reads it. Products do not: of zeros in padding.
RISING = [
    *["conv", "conv_transpose", "add", "concat"] * 3,
    *["max_pool", "avg_pool", "lp_pool", "upsample", "pad", "crop", "adaptive_avg_pool", "reshape"],
    *["adaptive_max_pool", "channel_slice", "channel_shuffle", "relu", "batch_norm", "prelu", "global_avg_pool"],
]


def grown(seed: int, kinds: Sequence[str]) -> Network:
    random = Random(seed)
    graph = Graph(random, kinds)
    for _ in range(random.randint(2, 7)):
        graph.grow()
    graph.end()
    return network(graph.input_shape, *graph.layers)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_in_random_graphs_a_unit_sees_what_changes_it(seed):
    net = grown(seed, RISING)
    found = dependencies(net, 1, rising=True)
    random = Random(seed)
    for node in net.layers:
        unit = tuple(random.randrange(size) for size in node.output_shape)
        expected = changed(net, found[node.name], unit)
        assert np.array_equal(said(net, node.name, unit), expected), f"{node.name} {unit}\n{described(net)}"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_in_random_graphs_of_all_layers_nothing_else_changes_a_unit(seed):
    net = grown(seed, KINDS)
    found = dependencies(net, 2)
    random = Random(seed)
    for node in net.layers:
        unit = tuple(random.randrange(size) for size in node.output_shape)
        beyond = changed(net, found[node.name], unit) & ~said(net, node.name, unit)
        assert not beyond.any(), f"{node.name} {unit}\n{described(net)}"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_pixels_lie_in_the_window_of_the_receptive_field(seed):
    # Padding that copies may bring numbers from beyond it.
    kinds = ("conv", "max_pool", "avg_pool", "crop", "add", "concat", "relu")
    net = grown(seed, kinds)
    random = Random(seed)
    for node in net.layers:
        unit = tuple(random.randrange(size) for size in node.output_shape)
        if node.field is None or any(each.attributes.get("padding_mode", "zeros") != "zeros" for each in net.layers):
            continue
        for axis in seen(net, node.name, unit).axes:
            start, end = axis["window"]
            assert axis["size"] == end - start + 1
            if axis["first"] is not None:
                assert start <= axis["first"] <= axis["last"] <= end


def test_a_window_at_the_border():
    net = build(load("specs/lenet5.toml"))
    found = seen(net, "C1", (0, -1)).as_dict()
    rows, columns = found["axes"]
    size, padding = rows["size"], -net["C1"].rf_start[0]
    assert padding > 0 and size == 5
    assert (rows["window"], rows["padding"]) == ([-padding, size - 1 - padding], [padding, 0])
    assert (rows["first"], rows["last"], rows["centre"]) == (0, size - 1 - padding, (size - 1) / 2 - padding)
    assert columns["padding"] == [0, padding] and columns["last"] == 27
    assert found["pixels"] == (size - padding) ** 2 and found["product"] and found["lines"] is None


def test_dilation_leaves_holes_and_branches_fill_some():
    layers = [
        {"type": "conv", "name": "a", "out_channels": 1, "kernel_size": 3, "dilation": 3, "padding": 3},
        {"type": "conv", "name": "b", "from": "input", "out_channels": 1, "kernel_size": 3, "padding": 1},
        {"type": "add", "name": "both", "from": ["a", "b"]},
    ]
    net = build(parse({"input": {"shape": [1, 9, 9]}, "layers": layers}))
    holes = seen(net, "a", (4, 4)).as_dict()
    assert holes["product"] and [axis["runs"] for axis in holes["axes"]] == [[[1, 1], [4, 4], [7, 7]]] * 2
    both = seen(net, "both", (4, 4)).as_dict()
    assert both["pixels"] == 9 + 8 and not both["product"]
    assert both["lines"][0] == {"at": [1], "runs": [[1, 1], [4, 4], [7, 7]]}
    assert both["lines"][1] == {"at": [3], "runs": [[3, 5]]}


def test_a_channel_sees_its_own_branch_and_group():
    layers = [
        {"type": "conv", "name": "a", "out_channels": 1, "kernel_size": 1},
        {"type": "conv", "name": "b", "from": "input", "out_channels": 2, "kernel_size": 3, "padding": 1, "groups": 2},
        {"type": "concat", "name": "both", "from": ["a", "b"]},
    ]
    net = build(parse({"input": {"shape": [4, 5]}, "layers": layers}))
    assert [int(seen(net, "both", (channel, 2)).pixels.sum()) for channel in (0, 1)] == [1, 3]
    assert [seen(net, "both", (channel, 2)).channels for channel in range(3)] == [((0, 3),), ((0, 1),), ((2, 3),)]
    assert int(seen(net, "both", (2,)).pixels.sum()) == 3


def test_a_flat_layer_sees_everything_that_is_read():
    net = build(load("specs/lenet5.toml"))
    last = net.layers[-1].name
    assert seen(net, last).is_all and seen(net, last).as_dict()["everything"]
    strided = network((1, 7), {"type": "conv", "out_channels": 1, "kernel_size": 1, "stride": 3}, {"type": "flatten"})
    assert seen(strided, "flatten1").as_dict()["axes"][0]["runs"] == [[0, 0], [3, 3], [6, 6]]
    assert seen(strided, "flatten1", (-1,)).as_dict()["axes"][0]["runs"] == [[6, 6]]


def test_an_output_of_a_transposed_convolution_that_no_input_reaches_sees_nothing():
    net = network((1, 3), {"type": "conv_transpose", "name": "up", "out_channels": 1, "kernel_size": 1, "stride": 2})
    found = seen(net, "up", (1,)).as_dict()
    assert found["pixels"] == 0 and found["channels"] == []
    assert (found["axes"][0]["first"], found["axes"][0]["centre"]) == (None, None)


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ((0,), "has 1 number, "),
        ((0, 0, 0, 0), "has 4 numbers"),
        ((), "nothing has 0 numbers"),
        ((0, 28), "column 28"),
        ((-29, 0), "row -29"),
        ((6, 0, 0), "channel 6"),
    ],
)
def test_a_unit_that_is_not_there_is_refused(unit, words):
    net = network((1, 28, 28), {"type": "conv", "name": "c", "out_channels": 6, "kernel_size": 3, "padding": 1})
    with pytest.raises(InputError, match=words):
        seen(net, "c", unit)


def test_a_layer_that_is_not_there_is_refused():
    with pytest.raises(SpecError, match="no layer is named 'fc9'"):
        seen(build(load("specs/lenet5.toml")), "fc9")


def test_an_input_too_large_to_be_followed_is_refused():
    net = network((1, 20_000, 20_000), {"type": "conv", "name": "c", "out_channels": 1, "kernel_size": 3})
    with pytest.raises(InputError, match="has 400000000 numbers, at most 268435456 can be followed"):
        seen(net, "c", (0, 0))


def test_runs():
    assert runs(np.array([True, False, True, True])) == [(0, 0), (2, 3)]
    assert runs(np.array([False, False])) == []
