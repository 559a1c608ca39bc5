"""Every key of every table, walked: what is outside its range is refused with the place, and whatever else there is."""

import math
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from work import counted_work

from nbcnn.layers.base import Layer
from nbcnn.layers.catalogue import LAYER_TYPES
from nbcnn.layers.merge import Merge
from nbcnn.layers.table import Table
from nbcnn.layers.trainable import Trainable
from nbcnn.network import Network, build
from nbcnn.spec import Data, InvalidSpec, Train, parse
from nbcnn.spec.losses import AnyLoss
from nbcnn.spec.model import Input
from nbcnn.spec.optimizers import AnyOptimizer
from nbcnn.spec.schedules import AnySchedule

NAME = "victim"
SHAPES = [(8, 12), (8, 8, 8), (8, 4, 4, 4)]
NEVER = [math.nan, math.inf, -math.inf, 10**400, -(10**400), {}, {"a": 1}, [[[1]]], [{}], [None], object(), 1j]
"""What no key takes."""


def kind(table: type) -> str:
    return str(get_args(table.model_fields["type"].annotation)[0])


def tables(union: Any) -> list[type[Table]]:
    """The tables of a discriminated union, under however many annotations."""
    inner = get_args(union)
    return [each for part in inner for each in tables(part)] if inner else [union] if isinstance(union, type) else []


SETTINGS = {
    "optimizer": [each for each in tables(AnyOptimizer) if issubclass(each, Table)],
    "loss": [each for each in tables(AnyLoss) if issubclass(each, Table)],
    "schedule": [each for each in tables(AnySchedule) if issubclass(each, Table)],
}


def required(table: type) -> list[str]:
    return [field.alias or name for name, field in table.model_fields.items() if field.is_required() and name != "type"]


def minimal(table: type) -> dict[str, Any]:
    """The table with what has to be given, found by trying, so that a new type needs no line here."""
    candidates: list[Any] = [{}]
    for key in required(table):
        candidates = [each | {key: value} for each in candidates for value in (1, 0.5, [1])]
    for each in candidates:
        try:
            table.model_validate({"type": kind(table)} | each)
        except ValueError:
            continue
        return {"type": kind(table)} | each
    raise AssertionError(f"no values found for {table}")


def document(layer: dict[str, Any], shape: tuple[int, ...] = (8, 8, 8), **tables: Any) -> dict[str, Any]:
    first = {"type": "relu", "name": "first"}
    inputs = {"from": ["first", "input"]} if issubclass(LAYER_TYPES.get(layer["type"], Layer), Merge) else {}
    return {"input": {"shape": list(shape)}, "layers": [first, inputs | layer], **tables}


def layer_document(layer_type: type[Layer], changes: dict[str, Any]) -> dict[str, Any]:
    return document(minimal(layer_type) | {"name": NAME} | changes)


def training_document(key: str, table: type[Table], changes: dict[str, Any]) -> dict[str, Any]:
    return document({"type": "linear", "out_features": 2}) | {"train": {key: minimal(table) | changes}}


def place(owner: str, table: type) -> str:
    return f'layers[1] "{NAME}" ({kind(table)})' if owner == "layers" else f"train.{owner}"


def keys() -> Iterator[Any]:
    """Every key of every table that has a type, `type` itself excepted."""
    owners = {"layers": list(LAYER_TYPES.values())} | SETTINGS
    for owner, several in owners.items():
        for table in several:
            schema = table.model_json_schema(by_alias=True)
            for key, value in schema["properties"].items():
                if key not in ("type", "name", "from"):
                    yield pytest.param(owner, table, key, value, id=f"{kind(table)}.{key}")


def refusal(owner: str, table: type, key: str, value: Any) -> InvalidSpec:
    changes = {key: value}
    described = layer_document(table, changes) if owner == "layers" else training_document(owner, table, changes)
    with pytest.raises(InvalidSpec) as raised:
        build(parse(described))
    assert str(raised.value).startswith(place(owner, table)), "no place"
    assert key in str(raised.value), "no key"
    assert all(len(each.message) < 400 and "\n" not in each.message for each in raised.value.diagnostics)
    return raised.value


def numbers(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The kinds of number that a key takes, entries of lists included."""
    if schema.get("type") in ("integer", "number") and "const" not in schema and "enum" not in schema:
        yield schema
    for inner in (*schema.get("anyOf", ()), *schema.get("prefixItems", ()), *filter(None, [schema.get("items")])):
        yield from numbers(inner)


def lists(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (each for each in (schema, *schema.get("anyOf", ())) if each.get("type") == "array")


def alone(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The kinds of number that stand for themselves, in no list."""
    return [each for each in (schema, *schema.get("anyOf", ())) if each.get("type") in ("integer", "number")]


def is_exclusive(schema: dict[str, Any], end: str) -> bool:
    return f"exclusive{end.capitalize()}" in schema


def bound(schema: dict[str, Any], end: str) -> Any:
    return schema.get(end, schema.get(f"exclusive{end.capitalize()}"))


WALK = pytest.mark.parametrize("owner, table, key, schema", list(keys()))


@WALK
def test_every_number_has_a_first_and_a_last(owner, table, key, schema):
    for number in numbers(schema):
        assert None not in (bound(number, "minimum"), bound(number, "maximum")), number
        assert max(map(abs, (bound(number, "minimum"), bound(number, "maximum")))) < 2**128, "more than float32 holds"


@WALK
def test_beyond_the_first_and_the_last_is_refused(owner, table, key, schema):
    taken = alone(schema)
    if not taken:
        return
    least, most = min(bound(each, "minimum") for each in taken), max(bound(each, "maximum") for each in taken)
    for value in (least - 1 - abs(least) / 1e6, math.nextafter(least, -math.inf), -1e300):
        refusal(owner, table, key, value)
    for value in (most + 1 + abs(most) / 1e6, math.nextafter(most, math.inf), 1e300, 10**39):
        refusal(owner, table, key, value)
    for end, value in (("minimum", least), ("maximum", most)):
        if all(is_exclusive(each, end) for each in taken if bound(each, end) == value):
            refusal(owner, table, key, value)


@WALK
def test_what_is_no_value_at_all_is_refused(owner, table, key, schema):
    for value in NEVER:
        refusal(owner, table, key, value)
    kinds = {each.get("type") for each in (schema, *schema.get("anyOf", ()))}
    if "boolean" not in kinds:
        refusal(owner, table, key, True)
        refusal(owner, table, key, [True])
    if "number" not in kinds:
        refusal(owner, table, key, 1.5)
    if "array" not in kinds:
        refusal(owner, table, key, [1])
        refusal(owner, table, key, [])
    if not kinds & {"number", "integer"}:
        refusal(owner, table, key, 1)
    for value in ("nonsense", "1", "", "a\x00\n", "\ud800", "x" * 10_000):
        refusal(owner, table, key, value)


@WALK
def test_lists_have_a_length(owner, table, key, schema):
    for each in lists(schema):
        refusal(owner, table, key, [1] * (each["maxItems"] + 1))
        refusal(owner, table, key, [])
        refusal(owner, table, key, [1, "a"])


@pytest.mark.parametrize("layer_type", LAYER_TYPES.values(), ids=LAYER_TYPES)
@pytest.mark.parametrize("key, value", [("name", ""), ("name", "a b"), ("name", 1), ("from", ""), ("from", [[]])])
def test_every_layer_has_a_name_and_reads_names(layer_type, key, value):
    with pytest.raises(InvalidSpec, match=rf"layers\[1\].*{key}"):
        build(parse(layer_document(layer_type, {key: value})))


@pytest.mark.parametrize("table", [Input, Data, Train], ids=lambda table: table.__name__.lower())
def test_the_other_tables_number_within_bounds_too(table):
    owner = table.__name__.lower()
    for key, schema in table.model_json_schema()["properties"].items():
        for number in numbers(schema):
            assert bound(number, "minimum") is not None and bound(number, "maximum") is not None, key
        if "$ref" in str(schema) or key == "source":
            continue
        for value in NEVER:
            described = document({"type": "relu"}) | {owner: {"source": "digits"} if owner == "data" else {}}
            described[owner] = described[owner] | {key: value}
            with pytest.raises(InvalidSpec, match=f"{owner}.{key}"):
                build(parse(described))


def in_range(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that the key takes, small and extreme ones often."""
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of([in_range(each) for each in schema["anyOf"]])
    if schema.get("type") == "integer":
        least, most = schema["minimum"], schema["maximum"]
        return st.integers(max(least, 0), min(most, 9)) | st.integers(least, most) | st.sampled_from([least, most])
    if schema.get("type") == "number":
        least, most = bound(schema, "minimum"), bound(schema, "maximum")
        return st.floats(
            least,
            most,
            exclude_min=is_exclusive(schema, "minimum"),
            exclude_max=is_exclusive(schema, "maximum"),
        )
    if schema.get("type") == "array":
        entry = in_range(schema["items"]) if "items" in schema else in_range(schema["prefixItems"][0])
        return st.lists(entry, min_size=schema["minItems"], max_size=schema["maxItems"])
    return {"boolean": st.booleans(), "string": st.just("relu"), "null": st.none()}[schema["type"]]


def layers_of(layer_type: type[Layer]) -> st.SearchStrategy[dict[str, Any]]:
    schema = layer_type.model_json_schema(by_alias=True)
    own = {key: in_range(value) for key, value in schema["properties"].items() if key not in ("type", "name", "from")}
    needed = {key: own.pop(key) for key in required(layer_type)}
    return st.fixed_dictionaries({"type": st.just(kind(layer_type)), "name": st.just(NAME)} | needed, optional=own)


SIZE = st.integers(1, 3) | st.integers(1, 40)


@pytest.mark.parametrize("layer_type", LAYER_TYPES.values(), ids=LAYER_TYPES)
@settings(max_examples=60, deadline=1000)
@given(data=st.data(), shape=st.lists(SIZE, min_size=2, max_size=4), flat=st.booleans())
def test_any_layer_on_any_input_builds_or_says_why_not(layer_type, data, shape, flat):
    described = document(data.draw(layers_of(layer_type)), tuple(shape))
    if flat:
        described["layers"][0] = {"type": "flatten", "name": "first"}
        if issubclass(layer_type, Merge):
            described["layers"][1]["from"] = ["first", "first"]
    try:
        network = build(parse(described))
    except InvalidSpec as refused:
        assert all(each.message.startswith(f'layers[1] "{NAME}" ({kind(layer_type)})') for each in refused.diagnostics)
        assert all(each.message.count(": ") and each.help for each in refused.diagnostics)
        assert len({each.code for each in refused.diagnostics}) == len(refused.diagnostics), "one cause, told twice"
    else:
        check_figures(network)


def check_figures(network: Network) -> None:
    """What the report says fits together, whatever the layer."""
    node = network[NAME]
    rank = len(node.output_shape) - 1
    assert all(isinstance(size, int) and size >= 1 for size in node.output_shape)
    for each in (node.receptive_field, node.jump, node.rf_start):
        assert each is None or len(each) == rank
    assert all(count >= 0 for count in node.other_flops.values())
    assert node.macs >= 0 and node.saved_params >= 0
    assert bool(node.params) <= isinstance(node.layer, Trainable)
    report = network.report(explain=True)
    assert report["totals"]["params"] == sum(math.prod(each.shape) for each in node.parameters.values())
    assert parse(network.spec.resolved()) == network.spec


NAMES = ["a", "b", "c", "d", "input", "nobody"]


@st.composite
def wirings(draw):
    """Layers that keep the shape, under any names, that read anything: most are impossible, and some are not."""
    layers: list[dict[str, Any]] = []
    slips = draw(st.integers(0, 2))
    for default in "abcde"[: draw(st.integers(1, 5))]:
        known = ["input", *(layer["name"] for layer in layers)]
        recent = st.sampled_from(known[-2:])
        layers.append({"type": "relu", "name": default})
        if draw(st.booleans()):
            layers[-1] |= {"type": "add", "from": [known[-1], *draw(st.lists(recent, min_size=1, max_size=2))]}
        elif draw(st.booleans()):
            layers[-1]["from"] = draw(recent)
    for _ in range(slips):
        layer = draw(st.sampled_from(layers))
        name = st.sampled_from(NAMES)
        layer |= draw(
            st.fixed_dictionaries({"name": name})
            | st.fixed_dictionaries({"type": st.sampled_from(["relu", "add"])})
            | st.fixed_dictionaries({"from": name | st.lists(name, min_size=1, max_size=3)})
        )
    return layers


def is_possible(layers: list[dict[str, Any]]) -> bool:
    """Whether a network comes of it, without anything of the builder's."""
    outputs, read, last = ["input"], set(), "input"
    for layer in layers:
        sources = layer.get("from", last)
        sources = [sources] if isinstance(sources, str) else sources
        wanted = len(sources) >= 2 if layer["type"] == "add" else len(sources) == 1
        if not wanted or layer["name"] in outputs or not set(sources) <= set(outputs):
            return False
        outputs.append(layer["name"])
        read.update(sources)
        last = layer["name"]
    return read >= {*outputs[1:-1]}


@settings(max_examples=600)
@given(wirings())
def test_a_graph_builds_where_it_is_possible_and_nowhere_else(layers):
    try:
        built = build(parse({"input": {"shape": [2, 4]}, "layers": layers}))
    except InvalidSpec as refused:
        assert not is_possible(layers)
        assert all(each.message.startswith("layers[") and each.help for each in refused.diagnostics)
    else:
        assert is_possible(layers)
        assert [node.name for node in built.layers] == [layer["name"] for layer in layers]


@pytest.mark.parametrize(
    "tables, expected",
    [
        ({1: 2}, "[1]"),
        ({"train": {1: 2}}, "train[1]"),
        ({"train": {"shared_gradients": "\ud800"}}, r'train.shared_gradients: expected a string.* received "\\ud800"'),
        ({"\ud800": 1}, r'^expected a string.* received "\\ud800"'),
    ],
)
def test_keys_and_strings_that_no_file_could_hold(tables, expected):
    with pytest.raises(InvalidSpec, match=expected if "\\" in expected else re.escape(expected)):
        parse(document({"type": "relu"}) | tables)


MANY = 2**24 - 3
"""A prime: what looks for a divisor one by one takes seconds."""


@pytest.mark.parametrize(
    "layer, cure",
    [
        ({"type": "conv", "out_channels": MANY, "kernel_size": 1, "groups": MANY - 1}, "groups = 1"),
        ({"type": "conv", "out_channels": 8, "kernel_size": 1, "groups": 2**24}, "groups = 1"),
        ({"type": "channel_shuffle", "groups": MANY - 1}, "groups = 1"),
        ({"type": "group_norm", "num_groups": MANY - 1}, "num_groups = 1"),
        ({"type": "local_response_norm", "size": 2**24}, None),
    ],
)
def test_large_numbers_are_answered_at_once(layer, cure):
    with counted_work(most=100_000):
        try:
            build(parse({"input": {"shape": [MANY, 2]}, "layers": [layer]}))
        except InvalidSpec as refused:
            assert cure is not None and cure in str(refused)
        else:
            assert cure is None


def test_an_array_that_is_too_large_is_told_where_it_is_made():
    padded = {"type": "pad", "padding": 2**23, "name": NAME, "activation": "relu"}
    with pytest.raises(InvalidSpec) as raised:
        build(parse(document(padded)))
    assert [each.message.partition(":")[0] for each in raised.value.diagnostics] == [f'layers[1] "{NAME}" (pad)']
    with pytest.raises(InvalidSpec, match=r'layers\[0\] "first" \(relu\): the output of .* has .* elements'):
        build(parse(document({"type": "relu"}, (2**24, 2**24))))


def test_a_rate_that_follows_an_optimizers_of_0_is_refused():
    layer = {"type": "scale", "name": NAME, "lr": 0.5}
    still = {"train": {"optimizer": {"type": "sgd", "lr": 0}}}
    with pytest.raises(InvalidSpec, match=f'"{NAME}" .scale.: lr = 0.5 .* train.optimizer.lr is 0; give the optimizer'):
        build(parse(document(layer) | still))
    build(parse(document(layer | {"trainable": False}) | still))
    build(parse(document({"type": "scale"}) | still))


def test_a_copy_with_other_layers_has_their_places():
    block = {"layers": [{"type": "relu"}, {"type": "conv", "out_channels": 2, "kernel_size": 99}]}
    laid_out = [{"type": "block", "block": "pair"}, {"type": "relu", "name": "last"}]
    spec = parse({"input": {"shape": [1, 8, 8]}, "layers": laid_out, "blocks": {"pair": block}})
    assert spec.model_copy(update={"name": "other"}).places == spec.places
    assert str(spec.places[1]) == 'layers[0] "pair1" (block) > "conv1" (conv)'
    fewer = spec.model_copy(update={"layers": spec.layers[2:]})
    assert [str(place) for place in fewer.places] == ['layers[0] "last" (relu)']
    assert build(fewer)["last"].output_shape == (1, 8, 8)
    others = spec.model_copy(update={"layers": spec.layers[1:] + spec.layers[:1]})
    with pytest.raises(InvalidSpec, match=r'layers\[0\] "pair1.conv1" \(conv\): a window of 99'):
        build(others)


def test_no_layer_is_called_as_the_input_is():
    with pytest.raises(InvalidSpec, match=r'layers\[1\] "input" \(relu\).*the name input is taken'):
        build(parse(document({"type": "relu", "name": "input"})))


@pytest.mark.parametrize("key", ["blocks.basc.layers.conv1.stride", "blocks.basc.parameters.width"])
def test_an_override_makes_no_block(key):
    blocks = {"basic": {"layers": [{"type": "relu"}]}}
    described = {"input": {"shape": [1, 8, 8]}, "layers": [{"type": "block", "block": "basic"}], "blocks": blocks}
    with pytest.raises(InvalidSpec, match=f'override {key} names no block: "basc"; the nearest name is basic'):
        parse(described, overrides={key: 3})
