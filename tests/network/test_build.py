"""The builder: nodes, totals, and every error found in one go."""

import dataclasses
import json

import pytest

from nbcnn.errors import SpecError
from nbcnn.network import INPUT, build, trace
from nbcnn.network.report import report
from nbcnn.spec import InvalidSpec, parse

LENET = [
    {"type": "conv", "out_channels": 6, "kernel_size": 5, "activation": "relu"},
    {"type": "max_pool", "kernel_size": 2},
    {"type": "conv", "out_channels": 12, "kernel_size": 5, "activation": "relu"},
    {"type": "max_pool", "kernel_size": 2},
    {"type": "flatten"},
    {"type": "linear", "out_features": 10},
]


def spec(*layers, shape=(1, 28, 28), **tables):
    return parse({"input": {"shape": list(shape)}, "layers": list(layers)} | tables)


def codes(*layers, shape=(1, 28, 28)):
    return [diagnostic.code.value for diagnostic in trace(spec(*layers, shape=shape))[1]]


def test_nodes_follow_one_another():
    network = build(spec(*LENET))
    assert [node.name for node in network.layers] == [
        "conv1", "conv1_relu", "max_pool1", "conv2", "conv2_relu", "max_pool2", "flatten1", "linear1",
    ]  # fmt: skip
    assert [node.inputs for node in network.layers] == [(INPUT,), *((node.name,) for node in network.layers[:-1])]
    assert network["conv1"].output_shape == (6, 24, 24)
    assert network["conv2"].receptive_field == (14, 14)
    assert network["conv2"].jump == (2, 2)
    assert network["flatten1"].receptive_field is None
    assert network["conv1_relu"].type == network["conv1_relu"].operation == "relu"
    assert network.output_shape == (10,)
    assert network.params == 156 + 1812 + 1930


def test_an_unknown_layer_is_named_with_those_there_are():
    with pytest.raises(SpecError, match="no layer is named 'conv9'; the layers are conv1, conv1_relu"):
        build(spec(*LENET))["conv9"]


def test_nodes_do_not_change():
    node = build(spec(*LENET))["conv1"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        node.name = "other"


def test_the_report_has_the_keys_of_the_contract():
    result = build(spec(*LENET)).report()
    assert list(result) == ["name", "input_shape", "layers", "totals", "diagnostics", "file"]
    row = result["layers"][0]
    assert {
        "name", "type", "inputs", "input_shapes", "output_shape", "params", "macs", "receptive_field", "jump",
        "rf_start", "memory_bytes",
    } <= set(row)  # fmt: skip
    assert row["input_shapes"] == [[1, 28, 28]] and row["rf_start"] == [0, 0]
    assert {
        "params", "trainable_params", "buffers", "macs", "flops", "weights_bytes", "training_bytes", "inference_bytes",
    } <= set(result["totals"])  # fmt: skip
    assert json.loads(json.dumps(result)) == result


def test_totals_by_hand():
    tables = {"train": {"batch_size": 4, "optimizer": {"type": "sgd", "lr": 0.1, "momentum": 0.9}}}
    layers = [{"type": "conv", "out_channels": 2, "kernel_size": 3, "activation": "sigmoid"}]
    totals = build(spec(*layers, shape=(1, 4, 4), **tables)).report()["totals"]
    assert totals["params"] == totals["trainable_params"] == 20
    assert totals["macs"] == 2 * 4 * 9
    assert totals["flops_by_kind"] == {
        "multiply_adds": 144,
        "bias_additions": 8,
        "elementary_functions": 8,
        "additions": 8,
        "divisions": 8,
    }
    assert totals["flops"] == 176
    assert totals["weights_bytes"] == 80
    assert totals["inference_bytes"] == 80 + 4 * (16 + 8)
    assert totals["training_bytes"] is None


def test_a_kernel_larger_than_its_input_names_both_and_cures():
    layers = [
        {"type": "conv", "out_channels": 2, "kernel_size": 5},
        {"type": "max_pool", "name": "pool", "kernel_size": 5},
    ]
    with pytest.raises(InvalidSpec) as raised:
        build(parse({"input": {"shape": [1, 8, 9]}, "layers": layers}, file="a.toml"))
    assert str(raised.value) == (
        'a.toml: layers[1] "pool" (max_pool): a window of 5 does not fit 4 rows; set kernel_size = 4'
    )


def test_all_errors_are_found_as_far_as_shapes_are_known():
    found = codes(
        {"type": "conv", "out_channels": 6, "kernel_size": 3, "in_channels": 3},  # 1 arrives
        {"type": "conv", "out_channels": 8, "kernel_size": 3, "groups": 4},  # 6 arrive
        {"type": "linear", "out_features": 10, "name": "conv1", "activation": "rleu"},  # an image arrives
        {"type": "conv", "out_channels": 6, "kernel_size": 3},  # features arrive
        {"type": "linear", "out_features": 10, "in_features": 3, "name": "input"},  # nobody knows what arrives
    )
    assert found == ["NB104", "NB114", "NB108", "NB111", "NB107", "NB110", "NB108"]


def test_what_an_activation_is_called_must_be_free():
    assert codes({"type": "relu", "name": "a_relu"}, {"type": "relu", "name": "a", "activation": "relu"}) == ["NB108"]
    assert codes({"type": "relu", "name": "a" * 124, "activation": "relu"}) == ["NB108"]


def test_axes_that_the_input_lacks():
    assert codes({"type": "conv", "out_channels": 6, "kernel_size": [3, 3, 3]}) == ["NB110"]
    assert codes({"type": "max_pool", "kernel_size": 2, "padding": [0, 0, 0]}) == ["NB110"]


def test_arrays_beyond_any_machine_are_refused_at_once():
    huge = {"type": "linear", "out_features": 2**24}
    assert codes({"type": "flatten"}, huge, huge) == ["NB109"]
    wide = {"type": "conv", "out_channels": 2**24, "kernel_size": 1}
    assert codes(wide, shape=(1, 2**24, 2**24)) == ["NB109"]


def test_the_report_on_an_invalid_spec_is_the_same_object():
    broken = spec({"type": "relu"}, {"type": "linear", "out_features": 3})
    result = report(broken, *trace(broken))
    assert [row["name"] for row in result["layers"]] == ["relu1"]
    assert result["diagnostics"][0] == {
        "code": "NB111",
        "severity": "error",
        "file": None,
        "line": None,
        "column": None,
        "end_line": None,
        "end_column": None,
        "message": 'layers[1] "linear1" (linear): expects a flat input of shape (features,), received 1 x 28 x 28',
        "label": "receives 1 x 28 x 28",
        "notes": [],
        "help": 'insert a layer of type = "flatten" before it: 1 x 28 x 28 = 784 features',
        "helps": ['insert a layer of type = "flatten" before it: 1 x 28 x 28 = 784 features'],
        "source": None,
        "source_column": 1,
        "fixes": [],
    }
    assert list(report(None, (), ())) == list(result)


def test_the_report_explains_how_sizes_come_about():
    layers = [
        {"type": "conv", "out_channels": 2, "kernel_size": 3, "stride": 2, "padding": [[1, 0], 2], "dilation": [1, 2]},
        {"type": "relu"},
        {"type": "max_pool", "kernel_size": 2, "padding": 1, "ceil_mode": True},
        {
            "type": "conv_transpose",
            "out_channels": 1,
            "kernel_size": 3,
            "stride": 2,
            "padding": [[0, 1], 1],
            "output_padding": 1,
            "dilation": [2, 1],
        },
        {"type": "flatten"},
        {"type": "linear", "out_features": 3, "activation": "relu"},
    ]
    network = build(spec(*layers, shape=(1, 9, 10)))
    assert network.report()["layers"][0].keys() == network.report(explain=True)["layers"][0].keys() - {"arithmetic"}
    explained = {row["name"]: row["arithmetic"] for row in network.report(explain=True)["layers"]}
    assert explained == {
        "conv1": ["rows: floor((9 + 1 + 0 - 3) / 2) + 1 = 4", "columns: floor((10 + 2 + 2 - 5) / 2) + 1 = 5"],
        "relu1": [],
        "max_pool1": [
            "rows: ceil((4 + 1 + 1 - 2) / 2) + 1 = 3",
            "columns: ceil((5 + 1 + 1 - 2) / 2) + 1 - 1, which would start in the padding = 3",
        ],
        "conv_transpose1": ["rows: (3 - 1) * 2 + 5 - 0 - 1 + 1 = 9", "columns: (3 - 1) * 2 + 3 - 1 - 1 + 1 = 6"],
        "flatten1": [],
        "linear1": [],
        "linear1_relu": [],
    }


def test_the_report_counts_what_sharing_saves_and_the_layers_that_have_weights():
    layers = [
        {"type": "conv", "out_channels": 6, "kernel_size": 5, "padding": 2},
        {"type": "conv", "out_channels": 2, "kernel_size": 28, "bias": False},
        {"type": "flatten"},
        {"type": "linear", "out_features": 3},
    ]
    report = build(spec(*layers, shape=(1, 28, 28))).report()
    saved = {row["name"]: row["saved_params"] for row in report["layers"]}
    # Fully connected: every output reads every input, and has a bias of its own where the layer has biases.
    assert saved["conv1"] == 784 * 6 * 784 + 6 * 784 - (6 * 25 + 6)
    # A kernel as large as the image is a fully connected layer already.
    assert saved == {"conv1": saved["conv1"], "conv2": 0, "flatten1": 0, "linear1": 0}
    assert report["totals"]["saved_params"] == saved["conv1"]
    assert report["totals"]["weight_layers"] == 3
