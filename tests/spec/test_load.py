"""Reading specs: defaults, both formats, overrides, and the way back."""

import json
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nbcnn
from nbcnn.layers.catalogue import ACTIVATIONS, LAYER_TYPES
from nbcnn.spec import Adam, InvalidSpec, Sgd, load, parse, parse_optimizer

SMALL = {"input": {"shape": [1, 8, 8]}, "layers": [{"type": "conv", "out_channels": 2, "kernel_size": 3}]}

TOML = """
name = "small"
[input]
shape = [1, 8, 8]
[[layers]]
type = "conv"
out_channels = 2
kernel_size = 3
padding = [[0, 1], [1, 0]]
[[layers]]
type = "max_pool"
name = "pool"
kernel_size = 2
[data]
source = "digits"
[train]
epochs = 3
[train.optimizer]
type = "sgd"
lr = 1
[train.schedule]
type = "step"
step_size = 2
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(TOML)
    return path


def test_defaults_are_filled_in(path):
    spec = nbcnn.load_spec(path)
    assert [layer.name for layer in spec.layers] == ["conv1", "pool"]
    assert spec.layers[0].padding == ((0, 1), (1, 0))
    assert spec.layers[1].stride == 2
    assert spec.data.normalize and spec.data.validation == 0.1
    assert spec.train.optimizer == Sgd(type="sgd", lr=1.0)
    assert spec.train.schedule.gamma == 0.1
    assert spec.file == str(path)
    bare = parse(SMALL)
    assert bare.data is None
    assert bare.train.optimizer == Adam(type="adam", lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)


def test_json_says_the_same(path, tmp_path):
    spec = load(path)
    other = tmp_path / "small.json"
    other.write_text(json.dumps({"$schema": "nbcnn.schema.json"} | spec.resolved()))
    assert load(other) == spec


def test_a_byte_order_mark_is_no_part_of_the_text(path):
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load(path).name == "small"


def test_resolved_is_plain_and_parses_to_an_equal_spec(path):
    spec = load(path)
    resolved = spec.resolved()
    assert resolved["layers"][1]["stride"] == 2
    assert resolved["train"]["optimizer"]["momentum"] == 0.0
    assert parse(json.loads(json.dumps(resolved))) == spec
    assert parse(resolved).resolved() == resolved
    assert hash(parse(resolved)) == hash(spec)


axes = st.integers(1, 4) | st.lists(st.integers(1, 4), min_size=1, max_size=3)
pads = st.integers(0, 3)
paddings = (
    pads
    | st.sampled_from(["same", "same_lower", "valid"])
    | st.lists(pads | st.tuples(pads, pads).map(list), min_size=1, max_size=3)
)
layers = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("conv"), "out_channels": st.integers(1, 9), "kernel_size": axes},
        optional={"stride": axes, "padding": paddings, "dilation": axes, "bias": st.booleans(), "flip": st.booleans()},
    ),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["max_pool", "avg_pool"]), "kernel_size": axes},
        optional={"stride": axes, "padding": paddings, "ceil_mode": st.booleans()},
    ),
    st.fixed_dictionaries({"type": st.just("dropout")}, optional={"p": st.floats(0, 0.99)}),
    st.fixed_dictionaries({"type": st.just("linear"), "out_features": st.integers(1, 9)}),
)


@settings(max_examples=100)
@given(st.lists(layers, min_size=1, max_size=4))
def test_any_spec_survives_the_round_trip(stack):
    spec = parse({"input": {"shape": [1, 8, 8]}, "layers": stack})
    assert parse(json.loads(json.dumps(spec.resolved()))) == spec


def test_overrides_replace_values_and_make_tables(path):
    changes = {"train.epochs": 9, "train.optimizer.lr": 0.5, "layers.conv1.out_channels": 4, "layers.1.kernel_size": 3}
    spec = load(path, changes)
    assert (spec.train.epochs, spec.train.optimizer.lr) == (9, 0.5)
    assert (spec.layers[0].out_channels, spec.layers[1].kernel_size) == (4, 3)
    assert parse(SMALL, overrides={"data.source": "digits"}).data.source == "digits"
    assert "data" not in SMALL


@pytest.mark.parametrize(
    "key, message",
    [
        ("train.epoch", 'train: unknown key "epoch"; the nearest key is epochs'),
        ("layers.conv2.bias", 'override layers.conv2.bias names no layer: "conv2"; the nearest name is conv1'),
        ("layers.7.bias", "give a name or a number below 1"),
        ("layers", "layers: expected a list, received 1"),
        ("layers.conv1", "does not lead to a value"),
        ("input.shape.x", "does not lead to a value"),
        ("layers.conv1.type.x", "does not lead to a value"),
        ("layers.conv1.type.x.y", "looks for"),
        ("", 'unknown key ""'),
    ],
)
def test_overrides_that_lead_nowhere(key, message):
    with pytest.raises(InvalidSpec) as raised:
        parse(SMALL, overrides={key: 1})
    assert message in str(raised.value)


def test_an_optimizer_alone():
    assert parse_optimizer({"type": "sgd", "lr": 0.1, "momentum": 0.9}) == Sgd(type="sgd", lr=0.1, momentum=0.9)
    assert parse_optimizer({"type": "adam"}) == Adam(type="adam")
    with pytest.raises(InvalidSpec, match="optimizer.nesterov: expected false, or a momentum above 0, received true"):
        parse_optimizer({"type": "sgd", "lr": 0.1, "nesterov": True})
    with pytest.raises(InvalidSpec, match="optimizer.dampening: expected 0 where nesterov = true, received 0.5"):
        parse_optimizer({"type": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True, "dampening": 0.5})
    with pytest.raises(InvalidSpec, match="optimizer.lr is missing"):
        parse_optimizer({"type": "sgd"})


@pytest.mark.parametrize(
    ("table", "arrays"),
    [
        ({"type": "sgd", "lr": 0.1}, {}),
        ({"type": "sgd", "lr": 0.1, "momentum": 0.9}, {"momentum_buffer": 0.0}),
        ({"type": "adamw"}, {"exp_avg": 0.0, "exp_avg_sq": 0.0}),
        ({"type": "rmsprop"}, {"square_avg": 0.0}),
        ({"type": "rmsprop", "momentum": 0.5}, {"square_avg": 0.0, "momentum_buffer": 0.0}),
        ({"type": "rmsprop", "centered": True}, {"square_avg": 0.0, "grad_avg": 0.0}),
        ({"type": "adagrad", "initial_accumulator_value": 0.5}, {"sum": 0.5}),
    ],
    ids=str,
)
def test_an_optimizer_keeps_the_arrays_that_its_settings_need(table, arrays):
    assert parse_optimizer(table).state_arrays == arrays


def test_the_schema_describes_every_layer():
    schema = nbcnn.schema()
    json.dumps(schema)
    conv = schema["$defs"]["Conv"]
    assert conv["required"] == ["type", "out_channels", "kernel_size"]
    assert conv["additionalProperties"] is False
    assert conv["properties"]["activation"]["anyOf"][0]["enum"] == list(ACTIVATIONS)
    assert set(schema["properties"]["layers"]["items"]["discriminator"]["mapping"]) == {*LAYER_TYPES, "block"}


def test_the_schema_describes_blocks_and_variables():
    schema = nbcnn.schema()
    definitions = schema["$defs"]
    assert set(schema["properties"]) >= {"extends", "vars", "blocks"}
    assert {"type", "block", "name", "from", "with", "repeat", "first", "trainable"} == set(
        definitions["BlockLayer"]["properties"]
    )
    assert definitions["Block"]["properties"]["layers"]["items"] == schema["properties"]["layers"]["items"]
    variable = {"$ref": "#/$defs/Variable"}
    for table in ("Conv", "Input", "Train", "Sgd", "BlockLayer"):
        for key, value in definitions[table]["properties"].items():
            assert key == "type" or variable in value["anyOf"]
    assert variable in definitions["Input"]["properties"]["shape"]["anyOf"][0]["items"]["anyOf"]
    pattern = re.compile(definitions["Variable"]["pattern"])
    assert all(pattern.search(text) for text in ("$width", "$width * 4", "2*$a"))
    assert not any(pattern.search(text) for text in ("width", "same", "$a b", "$a * $b * 2", "$ a"))


def test_the_schema_lets_a_file_that_extends_another_leave_out_what_merges():
    schema = nbcnn.schema()
    definitions = schema["$defs"]
    whole, extending = schema["anyOf"]
    assert whole["required"] == ["input", "layers"] and extending == {"required": ["extends"]}
    for key, table in (("input", "Input"), ("train", "Train")):
        assert whole["properties"][key]["$ref"] == f"#/$defs/{table}"
        assert schema["properties"][key]["$ref"] == f"#/$defs/{table}Part"
    assert schema["properties"]["blocks"]["additionalProperties"] == {"$ref": "#/$defs/BlockPart"}
    assert definitions["SgdPart"] == {key: value for key, value in definitions["Sgd"].items() if key != "required"}
    optimizer = definitions["TrainPart"]["properties"]["optimizer"]["anyOf"][0]
    assert {"$ref": "#/$defs/SgdPart"} in optimizer["anyOf"] and "oneOf" not in optimizer
    assert not any("required" in each for name, each in definitions.items() if name.endswith("Part"))


def test_reading_and_building_load_no_heavy_module(path):
    script = f"""
import sys, nbcnn
assert "pydantic" not in sys.modules
assert nbcnn.validate({str(path)!r})["layers"]
print(sorted(sys.modules.keys() & {{"numba", "h5py", "rich"}}))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
