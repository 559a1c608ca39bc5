"""Networks with branches: who reads what, what is refused, and what a skip connection costs."""

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbcnn.layers.base import Parameter
from nbcnn.layers.relu import ReLU
from nbcnn.network import INPUT, build, trace
from nbcnn.spec import InvalidSpec, parse


def conv(channels=4, **fields):
    return {"type": "conv", "out_channels": channels, "kernel_size": 3, "padding": 1} | fields


def merge(kind, *names, **fields):
    return {"type": kind, "from": list(names)} | fields


def spec(*layers, shape=(4, 8, 8), **tables):
    return parse({"input": {"shape": list(shape)}, "layers": list(layers)} | tables)


def complaint(*layers, shape=(4, 8, 8)):
    """The one thing that is wrong: its code, message and cure."""
    (found,) = trace(spec(*layers, shape=shape))[1]
    return found.code.value, found.message, found.help


def test_a_residual_block():
    network = build(spec(conv(activation="relu"), conv(), merge("add", "conv2", INPUT, activation="relu")))
    assert {node.name: node.inputs for node in network.layers} == {
        "conv1": (INPUT,),
        "conv1_relu": ("conv1",),
        "conv2": ("conv1_relu",),
        "add1": ("conv2", INPUT),
        "add1_relu": ("add1",),
    }
    assert network["add1"].input_shapes == ((4, 8, 8), (4, 8, 8))
    assert network["add1"].other_flops == {"additions": 256}
    assert network["add1"].receptive_field == (5, 5)
    assert [row["inputs"] for row in network.report()["layers"]][3] == ["conv2", "input"]


def test_a_name_means_the_activated_output():
    layers = [conv(name="a", activation="relu"), conv(name="b"), merge("concat", "a", "b")]
    assert build(spec(*layers))["concat1"].inputs == ("a_relu", "b")
    layers[2] = merge("concat", "a_relu", "b")
    assert build(spec(*layers))["concat1"].inputs == ("a_relu", "b")


def test_one_name_in_a_list_is_that_name():
    assert build(spec(conv(), conv(**{"from": ["conv1"]})))["conv2"].inputs == ("conv1",)


def test_concat_adds_channels_up_and_takes_flat_inputs():
    layers = [conv(5), conv(6, **{"from": INPUT}), merge("concat", INPUT, "conv1", "conv2", "conv1")]
    assert build(spec(*layers))["concat1"].output_shape == (20, 8, 8)
    flat = [{"type": "flatten"}, {"type": "linear", "out_features": 3}, merge("concat", "flatten1", "linear1")]
    assert build(spec(*flat))["concat1"].output_shape == (259,)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_multiply_takes_one_factor_per_channel(rank):
    shape = (4, *(8, 6, 5)[:rank])
    squeeze = [
        {"type": "avg_pool", "kernel_size": list(shape[1:])},
        {"type": "conv", "out_channels": 4, "kernel_size": 1},
    ]
    gate = build(spec(*squeeze, merge("multiply", INPUT, "conv1"), shape=shape))["multiply1"]
    assert gate.output_shape == shape
    assert gate.input_shapes == (shape, (4, *(1,) * rank))
    assert gate.other_flops == {"multiplications": prod(shape)}
    assert gate.receptive_field is None  # every unit sees what the factor sees
    flat = build(spec(*squeeze, {"type": "flatten"}, merge("multiply", INPUT, "flatten1"), shape=shape))
    assert flat["multiply1"].output_shape == shape


def test_flops_count_each_further_input():
    layers = [conv(), merge("add", INPUT, "conv1", "conv1"), merge("multiply", INPUT, "add1", "add1", "add1")]
    network = build(spec(*layers))
    assert network["add1"].other_flops == {"additions": 2 * 256}
    assert network["multiply1"].other_flops == {"multiplications": 3 * 256}


REFUSED = {
    "reads itself": (
        [conv(**{"from": "conv1"})],
        "NB118", 'layers[0] "conv1" (conv): reads itself', "a layer that stands before",
    ),
    "a cycle": (
        [conv(name="a"), merge("add", "a", "c", name="b"), conv(name="c")],
        "NB118", '"b" (add): reads "c", which stands later in the file: layers[2] "c" (conv)', "has no cycles",
    ),
    "an unknown name": (
        [conv(), merge("add", "conv1", "inptu")],
        "NB117", '"add1" (add): from names no layer: "inptu"', 'the nearest is "input"',
    ),
    "a name like no other": (
        [conv(), merge("add", "conv1", "zzz")],
        "NB117", 'from names no layer: "zzz"', 'name a layer that stands before, or "input"',
    ),
    "two layers of one name": (
        [conv(name="a"), conv(name="a")],
        "NB108", 'layers[1] "a" (conv): the name a is taken by layers[0] "a" (conv)', "choose another name",
    ),
    "an unused output": (
        [conv(name="a", activation="relu"), conv(name="b", **{"from": INPUT})],
        "NB119", 'layers[0] "a" (conv): no layer reads its output', 'from = "a", or delete it',
    ),
    "one input to add": (
        [conv(), {"type": "add"}],
        "NB115", '"add1" (add): reads 1 input where add reads two or more', "from = [",
    ),
    "two inputs to conv": (
        [conv(), conv(**{"from": ["input", "conv1"]})],
        "NB115", '"conv2" (conv): reads 2 inputs where conv reads one', 'type = "add" or "concat"',
    ),
    "channels that do not add": (
        [conv(5), merge("add", INPUT, "conv1")],
        "NB116", '"input" of shape 4 x 8 x 8 and "conv1" of shape 5 x 8 x 8', "set out_channels = 4 on `conv1`",
    ),
    "sizes that do not add": (
        [conv(padding=0), merge("add", "conv1", INPUT)],
        "NB116", '"conv1" of shape 4 x 6 x 6 and "input" of shape 4 x 8 x 8', "set padding = 1 on `conv1`",
    ),
    "sizes that do not concatenate": (
        [conv(padding=0), merge("concat", INPUT, INPUT, "conv1")],
        "NB116", '"input" of shape 4 x 8 x 8 and "conv1" of shape 4 x 6 x 6', "set padding = 1 on `conv1`",
    ),
    "flat and not flat": (
        [{"type": "flatten"}, merge("concat", INPUT, "flatten1")],
        "NB116", '"flatten1" of shape 256', "flatten both or neither",
    ),
    "a factor first": (
        [{"type": "avg_pool", "kernel_size": 8}, merge("multiply", "avg_pool1", INPUT)],
        "NB116", '"avg_pool1" of shape 4 x 1 x 1 and "input" of shape 4 x 8 x 8', "name the larger input first",
    ),
    "a factor of other channels": (
        [{"type": "conv", "out_channels": 3, "kernel_size": 8}, merge("multiply", INPUT, "conv1")],
        "NB116", '"conv1" of shape 3 x 1 x 1', "set out_channels = 4 on `conv1`",
    ),
}  # fmt: skip


@pytest.mark.parametrize("layers, code, message, cure", REFUSED.values(), ids=REFUSED)
def test_impossible_graphs_are_refused(layers, code, message, cure):
    found = complaint(*layers)
    assert found[0] == code
    assert message in found[1]
    assert cure in found[2]
    with pytest.raises(InvalidSpec):
        build(spec(*layers))


def test_a_wrong_shape_is_told_once():
    layers = [conv(5), merge("add", INPUT, "conv1"), conv(), merge("add", "conv2", "add1"), conv()]
    assert complaint(*layers)[0] == "NB116"


def test_all_wrong_names_are_told_at_once():
    found = trace(spec(conv(**{"from": "a"}), merge("add", "conv1", "b"), conv(**{"from": "add2"})))[1]
    assert [each.code.value for each in found] == ["NB117"] * 3


def test_frozen_weights_are_counted_apart():
    layers = [conv(trainable=False), conv(lr=0.1), {"type": "relu"}]
    network = build(spec(*layers, train={"batch_size": 2, "optimizer": {"type": "adam"}}))
    totals = network.report()["totals"]
    assert (network["conv1"].trainable, network["conv2"].trainable, network["relu1"].trainable) == (False, True, False)
    assert (network["conv1"].lr, network["conv2"].lr, network["relu1"].lr) == (None, 0.1, None)
    params = 4 * 4 * 9 + 4
    assert network.params == totals["params"] == 2 * params
    assert totals["trainable_params"] == params
    assert totals["buffers"] == 0
    assert totals["weights_bytes"] == 8 * params


def test_buffers_are_no_parameters(monkeypatch):
    """As a layer with running statistics declares them."""
    statistics = {"mean": Parameter((4,), 1, 1, "zeros"), "var": Parameter((4,), 1, 1, "ones")}
    monkeypatch.setattr(ReLU, "buffers", lambda layer, shape: statistics)
    network = build(spec(conv(activation="relu")))
    totals = network.report()["totals"]
    assert network["conv1_relu"].buffers == statistics and network["conv1"].buffers == {}
    assert (totals["params"], totals["buffers"]) == (148, 8)
    assert totals["weights_bytes"] == 4 * (148 + 8)


def test_a_negative_rate_of_a_layer_is_refused():
    with pytest.raises(InvalidSpec, match="lr: expected a number of at least 0, received -1"):
        spec(conv(lr=-1.0))


def test_what_is_read_later_is_kept_meanwhile():
    """conv2 holds its input and output, and the network's input, which the sum has yet to read."""
    network = build(spec(conv(8), conv(4), merge("add", "conv2", INPUT)))
    totals = network.report()["totals"]
    assert totals["inference_bytes"] == totals["weights_bytes"] + 4 * (256 + 512 + 256)


@st.composite
def graphs(draw):
    """Layers that keep the shape, each reading any layers before it, and all of them read in the end."""
    count = draw(st.integers(1, 8))
    layers, known = [], [INPUT]
    for index in range(count):
        sources = draw(st.lists(st.sampled_from(known), min_size=1, max_size=3))
        name = f"n{index}"
        kind = "relu" if len(sources) == 1 else draw(st.sampled_from(["add", "multiply"]))
        layers.append({"type": kind, "name": name, "from": sources if len(sources) > 1 else sources[0]})
        known.append(name)
    unread = [name for name in known if not any(name in _named(layer) for layer in layers)]
    if unread != known[-1:]:
        layers.append({"type": "concat", "name": "end", "from": [*unread, INPUT]})
    return layers


def _named(layer):
    return [layer["from"]] if isinstance(layer["from"], str) else layer["from"]


@given(graphs())
def test_any_graph_without_cycles_builds_as_it_is_written(layers):
    described = spec(*layers)
    network = build(described)
    assert [list(node.inputs) for node in network.layers] == [_named(layer) for layer in layers]
    assert all(node.output_shape == (4, 8, 8) for node in network.layers[:-1])
    assert network.layers[-1].output_shape[0] == 4 * (len(layers[-1]["from"]) if layers[-1]["type"] == "concat" else 1)
    assert build(parse(described.resolved())).layers[-1].inputs == network.layers[-1].inputs
