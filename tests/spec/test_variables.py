"""Variables: values put in the place of names, and every wrong use told with a cure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from work import counted_work

from nbcnn.spec import InvalidSpec, parse

CONV = {"type": "conv", "out_channels": "$width", "kernel_size": 3}


def document(variables, *layers, **tables):
    return {"input": {"shape": [1, 8, 8]}, "vars": variables, "layers": list(layers) or [CONV]} | tables


def refusal(variables, *layers, **tables):
    with pytest.raises(InvalidSpec) as raised:
        parse(document(variables, *layers, **tables))
    return raised.value.diagnostics


def test_a_variable_keeps_its_type():
    variables = {"width": 6, "kernel": [3, 5], "pad": "same", "biased": False, "net": "n", "rate": 0.5, "size": 9}
    layer = CONV | {"kernel_size": "$kernel", "padding": "$pad", "bias": "$biased"}
    tables = {
        "name": "$net",
        "train": {"optimizer": {"type": "sgd", "lr": "$rate"}},
        "input": {"shape": [1, "$size", 9]},
    }
    spec = parse(document(variables, layer, **tables))
    (conv,) = spec.layers
    assert (conv.out_channels, conv.kernel_size, conv.padding, conv.bias) == (6, (3, 5), "same", False)
    assert (spec.name, spec.train.optimizer.lr, spec.input.shape) == ("n", 0.5, (1, 9, 9))
    assert "vars" not in spec.resolved() and parse(spec.resolved()) == spec


@pytest.mark.parametrize(
    "text, value",
    [("$a * 4", 28), ("4*$a", 28), ("$a + $b", 9), ("$a - 6", 1), ("$a // $b", 3), ("  $a  ", 7)],
)
def test_calculations(text, value):
    assert parse(document({"a": 7, "b": 2, "width": text})).layers[0].out_channels == value


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.sampled_from(["+", "-", "*", "//"]))
def test_calculations_are_pythons(left, right, sign):
    spec = parse(document({"a": left, "b": right, "seed": f"$a {sign} $b"}, CONV | {"out_channels": 1}))
    assert spec.layers[0].out_channels == 1
    expected = eval(f"{left} {sign} {right}")
    seed = {"train": {"seed": f"$a {sign} $b"}}
    if expected >= 0:
        spec = parse(document({"a": left, "b": right}, CONV | {"out_channels": 1}, **seed))
        assert spec.train.seed == expected
    else:
        (found,) = refusal({"a": left, "b": right}, CONV | {"out_channels": 1}, **seed)
        assert f"received {expected}" in found.message


def test_variables_stand_for_others_in_any_order():
    variables = {"width": "$half * 2", "half": "$third + 1", "third": 3}
    assert parse(document(variables)).layers[0].out_channels == 8


def test_a_variable_may_be_a_whole_layer():
    spec = parse(document({"layer": {"type": "relu"}, "all": ["$layer", "$layer"]}, "$layer", "$layer"))
    assert [layer.name for layer in spec.layers] == ["relu1", "relu2"]
    block = {"b": {"layers": ["$layer"]}}
    used = {"layer": {"type": "relu"}, "use": {"type": "block", "block": "b"}}
    with pytest.raises(InvalidSpec, match=r"blocks.b.layers\[0\]: expected a table"):
        parse(document(used, "$use", blocks=block))
    block = {"b": {"layers": [{"type": "relu"}]}}
    assert [layer.name for layer in parse(document(used, "$use", "$layer", "$use", "$layer", blocks=block)).layers] == [
        "b1.relu1", "relu1", "b2.relu1", "relu2",
    ]  # fmt: skip


def test_an_override_comes_before_the_variables():
    assert parse(document({"width": 4}), overrides={"vars.width": 5}).layers[0].out_channels == 5
    assert parse(document({"width": 4}), overrides={"layers.conv1.out_channels": 6}).layers[0].out_channels == 6
    assert parse(document({"width": 4}), overrides={"layers.conv1.kernel_size": "$width"}).layers[0].kernel_size == 4


REFUSED = {
    "unknown": ({"widht": 3}, "NB120", '(conv): out_channels: no variable is named "$width"', '"$widht"'),
    "none at all": ({}, "NB120", 'no variable is named "$width"', "define it: [vars], width = ..."),
    "a circle": ({"width": "$a", "a": "$width"}, "NB118", "vars.width: variables stand for one another", None),
    "itself": ({"width": "$width"}, "NB118", "width > width", "give one of them a value"),
    "a bad name": ({"width": 1, "my-width": 3}, "NB108", 'vars.my-width: "my-width" is no name', "letters, digits"),
    "no table": (3, "NB106", "vars: expected a table, received 3", "write [vars]"),
    "two signs": ({"a": 1, "width": "$a * 2 * 3"}, "NB106", '"$a * 2 * 3" is no variable', "$name"),
    "a longer string": ({"a": "x", "width": "$a/b"}, "NB106", '"$a/b" is no variable and no calculation', "$name"),
    "no number": ({"a": "x", "width": "$a * 2"}, "NB106", 'calculates with $a, which is "x"', "only whole numbers"),
    "a fraction": ({"a": 1.5, "width": "$a * 2"}, "NB106", "calculates with $a, which is 1.5", "only whole numbers"),
    "a truth": ({"a": True, "width": "$a * 2"}, "NB106", "calculates with $a, which is true", "only whole numbers"),
    "nothing to divide by": ({"a": 1, "width": "$a // 0"}, "NB106", '"$a // 0" divides by 0', "another number"),
    "an enormous number": ({"a": 2**40, "width": "$a * $a"}, "NB109", "is more than 2**63", "smaller numbers"),
    "a value of the wrong type": ({"width": "wide"}, "NB106", 'out_channels: expected a whole number', None),
}  # fmt: skip


@pytest.mark.parametrize("variables, code, message, cure", REFUSED.values(), ids=REFUSED)
def test_wrong_uses_are_refused(variables, code, message, cure):
    found = refusal(variables)[0]
    assert found.code == code
    assert message in found.message
    assert cure is None or cure in found.help


def test_unknown_variables_are_all_told():
    found = refusal({"a": 1}, CONV, CONV | {"kernel_size": ["$b", "$c"]}, train={"seed": "$d"})
    assert [each.message.split(":")[0] for each in found] == [
        "train.seed", 'layers[0] "conv1" (conv)', 'layers[1] "conv2" (conv)',
        'layers[1] "conv2" (conv)', 'layers[1] "conv2" (conv)',
    ]  # fmt: skip
    assert "kernel_size[1]" in found[-1].message


def test_long_chains_and_growing_numbers_end_quickly():
    chain = {f"a{index}": f"$a{index + 1} * $a{index + 1}" for index in range(40)} | {"a40": 3}
    with counted_work(most=100_000):
        assert {each.code.value for each in refusal(chain | {"width": "$a0"})} == {"NB109"}
    doubled = {f"l{index}": [f"$l{index + 1}"] * 2 for index in range(30)} | {"l30": [1], "width": "$l0"}
    with counted_work(most=10_000):
        (found,) = refusal(doubled)
    assert found.code == "NB106"
