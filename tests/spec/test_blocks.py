"""Blocks: what they are laid out as, what their layers can name, and what is refused."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from work import counted_work

from nbcnn.network import build, trace
from nbcnn.spec import InvalidSpec, parse

CONV = {"type": "conv", "out_channels": "$channels"}
BASIC = {
    "parameters": {"channels": 4, "stride": 1},
    "layers": [
        CONV | {"name": "conv1", "kernel_size": 3, "padding": 1, "stride": "$stride"},
        {"type": "relu"},
        CONV | {"name": "conv2", "kernel_size": 3, "padding": 1},
        CONV | {"name": "short", "from": "input", "kernel_size": 1, "stride": "$stride"},
        {"type": "add", "name": "sum", "from": ["conv2", "short"], "activation": "relu"},
    ],
}


def use(block="basic", **fields):
    return {"type": "block", "block": block} | fields


def relu(**fields):
    return {"type": "relu"} | fields


def document(*layers, **blocks):
    return {"input": {"shape": [3, 8, 8]}, "blocks": blocks or {"basic": BASIC}, "layers": list(layers)}


def network(*layers, **blocks):
    return build(parse(document(*layers, **blocks)))


def reads(*layers, **blocks):
    return {node.name: node.inputs for node in network(*layers, **blocks).layers}


def refusal(*layers, **blocks):
    with pytest.raises(InvalidSpec) as raised:
        parse(document(*layers, **blocks))
    (found,) = raised.value.diagnostics
    return found


def test_a_block_becomes_its_layers():
    built = network(use(name="stage", **{"with": {"channels": 8, "stride": 2}}), {"type": "flatten"})
    assert {node.name: node.inputs for node in built.layers} == {
        "stage.conv1": ("input",),
        "stage.relu1": ("stage.conv1",),
        "stage.conv2": ("stage.relu1",),
        "stage.short": ("input",),
        "stage.sum": ("stage.conv2", "stage.short"),
        "stage.sum_relu": ("stage.sum",),
        "flatten1": ("stage.sum_relu",),
    }
    assert built["stage.sum"].output_shape == (8, 4, 4)


def test_the_resolved_spec_has_no_blocks_and_parses_to_itself():
    spec = parse(
        document(use(repeat=2), relu(name="end", **{"from": "basic1.0"}), {"type": "add", "from": ["basic1", "end"]})
    )
    resolved = json.loads(json.dumps(spec.resolved()))
    assert "blocks" not in resolved and "vars" not in resolved
    assert parse(resolved) == spec
    assert [node.inputs for node in build(parse(resolved)).layers] == [node.inputs for node in build(spec).layers]


def test_repetitions_are_numbered_and_follow_one_another():
    names = reads(use(name="stage", repeat=3))
    assert names["stage.0.conv1"] == names["stage.0.short"] == ("input",)
    assert names["stage.1.conv1"] == names["stage.1.short"] == ("stage.0.sum_relu",)
    assert names["stage.2.conv1"] == ("stage.1.sum_relu",)
    assert len(names) == 18
    assert "stage.0.conv1" in reads(use(name="stage", repeat=1))
    assert "stage.5.conv1" in reads(use(name="stage", repeat=3, first=3))


def test_repeats_may_be_variables_and_default_names_count_by_block():
    tables = document(use(repeat="$n"), relu(), use()) | {"vars": {"n": 2}}
    names = [node.name for node in build(parse(tables)).layers]
    assert {"basic1.0.conv1", "basic1.1.conv1", "basic2.conv1", "relu1"} <= set(names)
    assert "basic3.conv1" not in names


def test_the_name_of_a_block_stands_for_its_last_output():
    end = {"type": "concat", "from": ["stage", "stage.0", "stage.1", "stage.0.conv2", "a"]}
    assert reads(relu(name="a"), use(name="stage", repeat=2), end)["concat1"] == (
        "stage.1.sum_relu", "stage.0.sum_relu", "stage.1.sum_relu", "stage.0.conv2", "a",
    )  # fmt: skip


def test_a_block_reads_what_its_from_names():
    names = reads(
        relu(name="a"), relu(name="b"), use(name="stage", **{"from": "a"}), {"type": "concat", "from": ["b", "stage"]}
    )
    assert names["stage.conv1"] == names["stage.short"] == ("a",)


def test_blocks_use_blocks():
    outer = {
        "parameters": {"channels": 2, "times": 2},
        "layers": [
            relu(name="first"),
            use(name="inner", repeat="$times", **{"with": {"channels": "$channels * 2"}}),
            {"type": "concat", "name": "all", "from": ["input", "first", "inner", "inner.0.conv1"]},
        ],
    }
    names = reads(use("outer", name="o", **{"with": {"channels": 3}}), outer=outer, basic=BASIC)
    assert names["o.inner.1.conv1"] == ("o.inner.0.sum_relu",)
    assert names["o.all"] == ("input", "o.first", "o.inner.1.sum_relu", "o.inner.0.conv1")
    assert network(use("outer", name="o"), outer=outer, basic=BASIC)["o.inner.0.conv1"].output_shape[0] == 4


def test_parameters_shadow_variables_and_defaults_may_name_both():
    block = {
        "parameters": {"width": "$width + 1", "more": "$width * 2", "depth": "$base"},
        "layers": [{"type": "conv", "out_channels": "$more", "kernel_size": "$depth"}],
    }
    tables = document(use("b"), use("b", **{"with": {"width": "$width * 10"}}), b=block) | {
        "vars": {"width": 2, "base": 1}
    }
    assert [node.output_shape[0] for node in build(parse(tables)).layers] == [6, 40]


def test_frozen_blocks_freeze_the_layers_that_do_not_say_it_themselves():
    block = {"layers": [relu(), *({"type": "conv", "out_channels": 2, "kernel_size": 1} for _ in range(2)), use("c")]}
    block["layers"][2] = block["layers"][2] | {"trainable": True}
    inner = {"layers": [{"type": "conv", "out_channels": 2, "kernel_size": 1}]}
    built = network(use("b", trainable=False), use("b"), b=block, c=inner)
    assert {node.name: node.trainable for node in built.layers if node.parameters} == {
        "b1.conv1": False, "b1.conv2": True, "b1.c1.conv1": False,
        "b2.conv1": True, "b2.conv2": True, "b2.c1.conv1": True,
    }  # fmt: skip


def test_overrides_reach_blocks_and_layers_with_dots_in_their_names():
    tables = document(use(name="stage", repeat=2))
    changes = {"blocks.basic.parameters.channels": 5, "blocks.basic.layers.conv1.kernel_size": 1}
    spec = parse(tables, overrides=changes | {"blocks.basic.layers.conv1.padding": 0, "layers.stage.repeat": 3})
    assert len(spec.layers) == 15 and spec.layers[0].out_channels == 5 and spec.layers[0].kernel_size == 1
    again = parse(spec.resolved(), overrides={"layers.stage.2.conv1.bias": False})
    assert [layer.name for layer in again.layers if layer.type == "conv" and not layer.bias] == ["stage.2.conv1"]


def inner(*layers, **fields):
    return {"b": {"layers": list(layers)} | fields}


REFUSED = {
    "unknown block": (
        [use("basik")], {}, "NB121",
        'layers[0] "basik1" (block): block = "basik" is not defined', 'the nearest is "basic"',
    ),
    "no block of that kind": ([use("zzz")], {}, "NB121", '"zzz" is not defined', "the blocks are basic"),
    "unknown argument": (
        [use(**{"with": {"chanels": 1}})], {}, "NB103",
        'with: block "basic" has no parameter "chanels"', "the nearest is channels",
    ),
    "unknown key": ([use(repat=2)], {}, "NB103", 'layers[0] "basic1" (block): unknown key "repat"', "repeat"),
    "no block named": ([{"type": "block"}], {}, "NB105", "block is missing", "add it"),
    "repeat nothing": ([use(repeat=0)], {}, "NB106", "repeat: expected a whole number from 1 to 10000", None),
    "two inputs": (
        [relu(), use(**{"from": ["relu1", "input"]})], {}, "NB106",
        'layers[1] "basic1" (block): from: expected the name of one layer, because a block reads one input', None,
    ),
    "itself": ([use("b")], inner(relu(), use("b")), "NB118", "a block is made of itself: b > b", "others"),
    "each other": (
        [use("b")], inner(use("c")) | {"c": {"layers": [use("b")]}}, "NB118",
        "a block is made of itself: b > c > b", "others",
    ),
    "a name outside": (
        [relu(name="out"), use("b")], inner(relu(**{"from": "out"})), "NB117",
        'layers[1] "b1" (block) > "relu1" (relu): from names no layer: "out"', "input",
    ),
    "a later name": (
        [use("b", repeat=3)], inner(relu(**{"from": "z"}), relu(name="z")), "NB118",
        'layers[0] "b1" (block) > "0.relu1" (relu): reads "z", which stands later in the file', "no cycles",
    ),
    "a misspelt name outside": ([use(name="stage"), relu(**{"from": "stag"})], {}, "NB117", '"stag"', '"stage"'),
    "the name of a block": (
        [use(name="a"), relu(name="a")], {}, "NB108",
        'layers[1] "a" (relu): the name a is taken by a.sum', "another name",
    ),
    "a name within": ([use("b")], inner(relu(name="r"), relu(name="r")), "NB108", '> "r" (relu): the name r', None),
    "the name of what is read": ([use("b")], inner(relu(name="input"), relu()), "NB108", "the name input is", None),
    "a wrong value within": (
        [use("b", repeat=4), use("b")], inner(relu(surprise=1)), "NB103",
        'layers[0] "b1" (block) > "0.relu1" (relu): unknown key "surprise"', "the keys here are",
    ),
    "an unknown type within": (
        [use("b", name="x"), use("b")], inner({"type": "rleu"}), "NB107",
        'layers[0] "x" (block) > "rleu1" (rleu): type = "rleu" is not a known type', '"relu"',
    ),
    "an unknown variable within": (
        [use("b", repeat=9), use("b")], inner({"type": "dropout", "p": "$q"}, parameters={"p": 0.5}), "NB120",
        '> "0.dropout1" (dropout): p: no variable is named "$q"', "define it",
    ),
    "no layers": ([use("b")], {"b": {"layers": []}}, "NB106", "blocks.b.layers: expected at least 1 entry", None),
    "no table": ([relu()], {"b": 3}, "NB106", "blocks.b: expected a table, received 3", None),
    "a wrong layer table": ([relu()], {"b": {"layers": [3]}}, "NB106", "blocks.b.layers[0]: expected a table", None),
    "an unknown key of a block": (
        [relu()], {"b": {"layers": [relu()], "params": {}}}, "NB103",
        'blocks.b: unknown key "params"', "the nearest key is parameters",
    ),
    "a name of a parameter": (
        [use("b")], inner(relu(), parameters={"a-b": 1}), "NB108", 'blocks.b.parameters.a-b: "a-b" is no name', None,
    ),
    "a name of a block": ([relu()], {"a b": {"layers": [relu()]}}, "NB108", 'blocks.a b: "a b" is no name', None),
}  # fmt: skip


@pytest.mark.parametrize("layers, blocks, code, message, cure", REFUSED.values(), ids=REFUSED)
def test_one_cause_one_message(layers, blocks, code, message, cure):
    found = refusal(*layers, **blocks)
    assert found.code == code
    assert message in found.message
    assert cure is None or cure in found.help
    assert len(str(found)) < 300


def test_an_error_of_shapes_names_the_layer_and_the_block_it_is_from():
    tables = document(relu(), use(name="stage", **{"with": {"stride": 2}}))
    tables["blocks"]["basic"] = BASIC | {"layers": [*BASIC["layers"][:4], {"type": "add", "from": ["conv2", "input"]}]}
    (found,) = (each for each in trace(parse(tables))[1] if each.code == "NB116")
    assert found.message == (
        'layers[1] "stage" (block) > "add1" (add): "stage.conv2" of shape 4 x 4 x 4 and "relu1" of shape 3 x 8 x 8 '
        "do not go together"
    )


def test_an_unused_output_within_a_block_is_refused():
    found = trace(parse(document(use("b"), b={"layers": [relu(), relu(**{"from": "input"})]})))[1]
    assert [each.code.value for each in found] == ["NB119"]
    assert found[0].message.startswith('layers[0] "b1" (block) > "relu1" (relu): no layer reads its output')


def test_blocks_is_a_table():
    with pytest.raises(InvalidSpec, match=r"blocks: expected a table, received \[\]"):
        parse({"input": {"shape": [1, 8]}, "blocks": [], "layers": [relu()]})
    with pytest.raises(InvalidSpec, match='type is missing; give one of .*"block"'):
        parse({"input": {"shape": [1, 8]}, "layers": [{"block": "b"}]})
    with pytest.raises(InvalidSpec, match='unknown key "block"; the nearest key is blocks'):
        parse({"input": {"shape": [1, 8]}, "block": {}, "layers": [relu()]})


def nest(depth, repeat):
    blocks = {f"b{index}": {"layers": [use(f"b{index + 1}", repeat=repeat)] * 2} for index in range(depth)}
    return blocks | {f"b{depth}": {"layers": [relu()]}}


HOSTILE = {
    "as many as can be repeated": ([use("b0", repeat=10_000)], {"b0": {"layers": [relu(), relu()]}}),
    "nested repeats": ([use("b0", repeat=10_000)], nest(8, 10_000)),
    "wide and deep": ([use("b0")], nest(15, None)),
    "too deep": ([use("b0")], nest(40, None)),
    "nested errors": ([use("b0", repeat=10_000)], nest(14, 10_000) | {"b14": {"layers": [use("none")]}}),
    "large tables": ([use("b0", repeat=9_999)], {"b0": {"layers": [relu(name="a", other=list(range(100_000)))]}}),
    "many names": (
        [relu(), use("b0", repeat=5_000)],
        {"b0": {"layers": [relu(), {"type": "add", "from": ["input", "relu1"] * 20_000}]}},
    ),
    "many wrong names": (
        [*(relu(**{"from": "x" * 99}) for _ in range(9_999)), use("b0")],
        {"b0": {"layers": [relu()]}},
    ),
    "many wrong names without blocks": (
        [relu(**{"from": "x" * 99}) for _ in range(9_999)],
        {"b0": {"layers": [relu()]}},
    ),
}


@pytest.mark.parametrize("layers, blocks", HOSTILE.values(), ids=HOSTILE)
def test_a_small_file_cannot_ask_for_much(layers, blocks):
    with counted_work(most=20_000_000), pytest.raises(InvalidSpec) as raised:
        build(parse(document(*layers, **blocks)))
    assert len(str(raised.value)) < 5000


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(["$a", "$b * 2", "b"]),
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "layers"]), below, max_size=3)
    ),
    max_leaves=6,
)
KEYS = ["type", "name", "from", "block", "repeat", "with", "first", "trainable", "activation"]
tables = st.dictionaries(st.sampled_from(KEYS), junk | st.sampled_from(["block", "relu", "add", "a", "b", "input", 2]))


@settings(max_examples=300)
@given(
    st.fixed_dictionaries(
        {"input": st.just({"shape": [1, 8, 8]})},
        optional={
            "vars": junk | st.dictionaries(st.sampled_from("ab"), junk),
            "blocks": junk
            | st.dictionaries(st.sampled_from("ab"), st.fixed_dictionaries({"layers": st.lists(tables)})),
            "layers": junk | st.lists(junk | tables, max_size=3),
            "extends": junk,
        },
    )
)
def test_no_document_whatever_gives_another_exception(document):
    try:
        build(parse(document))
    except InvalidSpec as error:
        assert error.diagnostics
        assert "pydantic" not in str(error)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4), st.booleans()), min_size=1, max_size=4))
def test_a_block_is_the_same_network_as_its_layers_written_out(stages):
    layers, plain = [], []
    for index, (repeat, channels, again) in enumerate(stages):
        layers.append(use(name=f"s{index}", repeat=repeat, **{"with": {"channels": channels}}))
        source = "input" if index == 0 else f"s{index - 1}.{stages[index - 1][0] - 1}.sum"
        if again and index:
            layers[-1]["from"] = f"s{index - 1}.0"
            source = f"s{index - 1}.0.sum"
        for number in range(repeat):
            prefix = f"s{index}.{number}."
            for written in BASIC["layers"]:
                table = json.loads(json.dumps(written).replace('"$channels"', str(channels)).replace('"$stride"', "1"))
                table["name"] = prefix + table.get("name", "relu1")
                if table["type"] == "add":
                    table["from"] = [prefix + each for each in table["from"]]
                elif written["type"] == "conv" and written.get("name") != "conv2":
                    table["from"] = source
                plain.append(table)
            source = f"{prefix}sum"
    ends = [f"s{index}" for index in range(len(stages))]
    layers.append({"type": "concat", "name": "end", "from": ends * 2})
    last = [f"s{index}.{repeat - 1}.sum" for index, (repeat, _, _) in enumerate(stages)]
    plain.append({"type": "concat", "name": "end", "from": last * 2})
    short, long = network(*layers), build(parse({"input": {"shape": [3, 8, 8]}, "layers": plain}))
    assert [(node.name, node.inputs, node.output_shape, node.field) for node in short.layers] == [
        (node.name, node.inputs, node.output_shape, node.field) for node in long.layers
    ]
