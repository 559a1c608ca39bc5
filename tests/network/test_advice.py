"""Shapes that do not fit come with their arithmetic, and with cures that were tried."""

import re
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from work import counted_work
from wrong_specs import LENET

import nbcnn
from nbcnn.network import trace
from nbcnn.spec import InvalidSpec, parse

IN = "[input]\nshape = [3, 16, 16]\n"


def layer(kind, *lines):
    return "\n".join(["[[layers]]", f'type = "{kind}"', *lines, ""])


def conv(name, kernel, *lines):
    return layer("conv", f'name = "{name}"', "out_channels = 4", f"kernel_size = {kernel}", *lines)


LINEAR = layer("linear", "out_features = 2")

CASES = {
    "features for another input": (
        LENET,
        [
            "input 1x28x28 -> conv1 24x24 -> pool1 12x12 -> conv2 8x8 -> pool2 4x4; flatten gives 16 x 4 x 4 = 256",
            "400 = 16 x 5 x 5, which this stack produces for a 32x32 input",
        ],
        [
            "delete this line; the value is inferred",
            "or set padding = 2 on `conv1` (line 3): 28 -> 28 -> 14 -> 10 -> 5",
        ],
    ),
    "features of a larger input": (
        LENET.replace("28, 28", "40, 36"),
        [
            "input 1x40x36 -> conv1 36x32 -> pool1 18x16 -> conv2 14x12 -> pool2 7x6; flatten gives 16 x 7 x 6 = 672",
        ],
        ["delete this line; the value is inferred"],
    ),
    "features of other channels": (
        LENET.replace("400", "320"),
        [
            "input 1x28x28 -> conv1 24x24 -> pool1 12x12 -> conv2 8x8 -> pool2 4x4; flatten gives 16 x 4 x 4 = 256",
        ],
        ["delete this line; the value is inferred", "or set out_channels = 20 on `conv2` (line 13)"],
    ),
    "features of a layer before": (
        IN + layer("flatten") + layer("linear", 'name = "f"', "out_features = 12") + LINEAR + "in_features = 10\n",
        ["input 3x16x16; flatten gives 3 x 16 x 16 = 768 -> f 12"],
        ["delete this line; the value is inferred", "or set out_features = 10 on `f` (line 5)"],
    ),
    "channels of a layer before": (
        IN + conv("a", 3) + conv("b", 3, "in_channels = 8"),
        ["input 3x16x16 -> a 4x14x14"],
        ["delete this line; the value is inferred", "or set out_channels = 8 on `a` (line 3)"],
    ),
    "channels of the input": (
        IN + conv("a", 3, "in_channels = 1"),
        [],
        ["delete this line; the value is inferred", "or set shape = [1, 16, 16] in [input] (line 2)"],
    ),
    "an image for a linear layer": (
        IN + conv("a", 3) + LINEAR,
        ["input 3x16x16 -> a 4x14x14"],
        ['insert a layer of type = "flatten" before it: 4 x 14 x 14 = 784 features'],
    ),
    "another image for a linear layer": (
        IN + conv("a", 3) + layer("relu", 'name = "r"') + LINEAR + 'from = "a"\n' + layer("softmax", 'from = "r"'),
        ["input 3x16x16 -> a 4x14x14"],
        ['insert a layer of type = "flatten" before it: 4 x 14 x 14 = 784 features'],
    ),
    "a kernel larger than its input": (
        IN + conv("a", 3) + layer("max_pool", 'name = "p"', "kernel_size = 4", "stride = 5") + conv("b", 5),
        ["input 3x16x16 -> a 4x14x14 -> p 4x3x3"],
        ["set kernel_size = 3", "or set padding = 1", "or delete `p` (line 8)"],
    ),
    "a pool larger than its input": (
        IN + conv("a", 13) + layer("max_pool", "kernel_size = 9"),
        ["input 3x16x16 -> a 4x4x4"],
        ["set kernel_size = 4", "or set padding = 3"],
    ),
    "channels that were written last": (
        "[input]\nshape = [28, 28, 1]\n" + conv("a", 5),
        [],
        [
            "set shape = [1, 28, 28] in [input] (line 2); channels come first",
            "or set kernel_size = 1",
            "or set padding = 2",
        ],
    ),
    "a kernel larger on one axis": (
        IN + layer("conv", 'name = "a"', "out_channels = 4", "kernel_size = [3, 19]"),
        [],
        ["set kernel_size = [3, 16]", "or set padding = 2"],
    ),
    "a shape that does not hold": (
        IN + layer("reshape", "shape = [32, 5, 8]"), [], ["set shape = [32, -1, 8]"],
    ),
    "groups": (IN + conv("a", 3) + conv("b", 3, "groups = 3"), ["input 3x16x16 -> a 4x14x14"], ["set groups = 2"]),
    "groups that the input has": (
        IN + conv("b", 3, "groups = 3"), [], ["set groups = 1", "or set out_channels = 6"],
    ),
    "groups to normalise": (IN + layer("group_norm", "num_groups = 2"), [], ["set num_groups = 1"]),
    "padding of a pool": (
        IN + layer("max_pool", "kernel_size = 3", "padding = 2"), [], ["set padding = 1", "or set padding = 0"],
    ),
    "an output that nobody reads": (
        IN + conv("a", 3) + layer("relu", 'name = "r"') + layer("tanh", 'from = "a"'),
        [],
        ['name it in a later layer, from = "r", or delete it'],
    ),
    "one number to normalise": (
        IN + layer("global_avg_pool") + layer("group_norm", 'name = "g"', "num_groups = 3"),
        [],
        ["set num_groups = 1", "or delete `g`"],
    ),
    "a pixel to normalise": (IN + layer("global_avg_pool") + layer("instance_norm", 'name = "n"'), [], ["delete `n`"]),
    "a name twice": (
        IN + conv("a", 3) + conv("a", 3),
        ["the other is there (line 3)"],
        ['choose another name, such as name = "a_2"'],
    ),
    "more numbers than there are": (IN + layer("kmax_pool", "k = 20"), [], ["set k = 16"]),
    "an axis too many": (IN + conv("a", "[3, 5, 3]"), [], ["set kernel_size = [3, 5]"]),
    "an axis too few": (IN + conv("a", 3, "stride = [2]"), [], ["set stride = 2"]),
    "a flat input": (
        IN + layer("flatten", 'name = "f"') + conv("a", 3),
        ["input 3x16x16; flatten gives 3 x 16 x 16 = 768"],
        ["delete `f` (line 3)"],
    ),
    "a sum of unlike sizes": (
        IN + conv("z", 1) + conv("a", 3) + conv("b", 3) + layer("add", 'from = ["z", "b"]'),
        ["z 4x16x16 -> a 4x14x14 -> b 4x12x12"],
        ["set padding = 2 on `a` (line 8)", "or set padding = 2 on `b` (line 13)"],
    ),
    "a sum of unlike strides": (
        IN + conv("z", 1) + conv("a", 3, "padding = 1", "stride = 2") + layer("add", 'from = ["a", "z"]'),
        ["z 4x16x16 -> a 4x8x8"],
        [
            "set stride = 1 on `a` (line 8)",
            'or add a conv from = "z" with kernel_size = 1, out_channels = 4, stride = 2, and name it here',
        ],
    ),
    "a sum of unlike channels": (
        IN + conv("a", 3, "padding = 1") + layer("add", 'from = ["input", "a"]'),
        ["input 3x16x16 -> a 4x16x16"],
        [
            "set out_channels = 3 on `a` (line 3)",
            'or add a conv from = "a" with kernel_size = 1, out_channels = 3, and name it here',
        ],
    ),
    "a chain of unlike sizes": (
        IN + conv("a", 3) + conv("b", 5, 'from = "input"') + layer("concat", 'from = ["a", "b"]'),
        ["input 3x16x16 -> a 4x14x14", "input 3x16x16 -> b 4x12x12"],
        ["set padding = 1 on `b` (line 8)"],
    ),
    "a product of unlike channels": (
        IN + conv("a", 3) + layer("global_avg_pool") + layer("flatten")
        + layer("linear", 'name = "f"', "out_features = 3") + layer("multiply", 'from = ["a", "f"]'),
        ["a 4x14x14 -> global_avg_pool1 4x1x1; flatten gives 4 x 1 x 1 = 4 -> f 3"],
        ["set out_features = 4 on `f` (line 12)"],
    ),
    "a block": (
        IN + layer("block", 'block = "b"', "repeat = 2") + layer("add", 'from = ["b1", "input"]')
        + conv("a", 3).replace("layers", "blocks.b.layers").replace("4", "3"),
        ["input 3x16x16 -> b1.0.a 3x14x14 -> b1.1.a 3x12x12"],
        ['set padding = 1 on `a` of block "b" (line 10)'],
    ),
    "what brings other errors": (
        LENET + layer("linear", "out_features = 3", "in_features = 120") + layer("add", 'from = ["fc1", "flatten1"]'),
        [
            "input 1x28x28 -> conv1 24x24 -> pool1 12x12 -> conv2 8x8 -> pool2 4x4; flatten gives 16 x 4 x 4 = 256",
            "400 = 16 x 5 x 5, which this stack produces for a 32x32 input",
        ],
        [
            "delete this line; the value is inferred",
            "or set padding = 2 on `conv1` (line 3): 28 -> 28 -> 14 -> 10 -> 5",
        ],
    ),
}  # fmt: skip


def first_error(tmp_path, text):
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(InvalidSpec) as raised:
        nbcnn.build(nbcnn.load_spec(path))
    return raised.value.diagnostics[0]


@pytest.mark.parametrize("text, notes, helps", CASES.values(), ids=CASES)
def test_notes_and_cures(tmp_path, text, notes, helps):
    found = first_error(tmp_path, text)
    assert [*found.notes] == notes
    assert [*found.helps] == helps


SET = re.compile(r"(?:or )?set (\w+) = (\S+)(?: on `([^`]+)`)?(?: \(line \d+\))?(?:: .*)?")


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("a block", "what brings other errors")])
def test_what_is_to_be_set_cures(tmp_path, name):
    """The words themselves are followed, by hand as it were."""
    text = CASES[name][0]
    found = first_error(tmp_path, text)
    tried = 0
    for each in found.helps:
        if (order := SET.fullmatch(each)) is None:
            continue
        document = tomllib.loads(text)
        named = [table.get("name") for table in document["layers"]]
        target = named.index(order[3]) if order[3] else found.path[1]
        document["layers"][target][order[1]] = tomllib.loads(f"x = {order[2]}")["x"]
        nbcnn.build(parse(document))
        tried += 1
    assert tried or not any("set" in each for each in found.helps) or "[" in "".join(found.helps)


def test_a_cure_that_does_not_build_is_not_told(tmp_path):
    flat = IN + conv("a", 17) + layer("flatten") + layer("linear", "out_features = 2", "in_features = 4")
    assert [*first_error(tmp_path, flat).helps] == ["set kernel_size = 16"]
    text = flat.replace("= 4\n", "= 5\n", 2).replace("out_channels = 5", "out_channels = 4")
    assert "out_channels" in text and "in_features = 5" in text
    # Whatever the kernel, the next layer would have something to say: the rule's own advice is all there is.
    assert [*first_error(tmp_path, text).helps] == ["use kernel_size <= 16 or padding >= 1"]


def test_tables_that_were_never_in_a_file_are_advised_too():
    found = trace(parse(tomllib.loads(LENET)))[1]
    assert found[0].helps[1] == "or set padding = 2 on `conv1`: 28 -> 28 -> 14 -> 10 -> 5"
    copy = parse(tomllib.loads(LENET)).model_copy(update={"name": "other"})
    assert trace(copy.model_copy(update={"layers": copy.layers[:]}))[1]


def test_a_value_from_an_override_is_part_of_what_is_tried(tmp_path):
    path = tmp_path / "lenet.toml"
    path.write_text(LENET.replace("[1, 28, 28]", "[1, 32, 32]"))
    with pytest.raises(InvalidSpec) as raised:
        nbcnn.build(nbcnn.load_spec(path, {"input.shape": [1, 28, 28]}))
    (found,) = raised.value.diagnostics
    assert len(found.helps) == 2 and "32x32" in found.notes[1]


def test_a_name_that_is_taken_leaves_other_errors_their_advice(tmp_path):
    text = IN + conv("a", 13) + conv("b", 9) + layer("relu", 'name = "r"') * 2
    with pytest.raises(InvalidSpec) as raised:
        (tmp_path / "twice.toml").write_text(text)
        nbcnn.build(nbcnn.load_spec(tmp_path / "twice.toml"))
    helps = [each.helps for each in raised.value.diagnostics]
    assert helps[0][0] == "set kernel_size = 4"
    assert helps[1] == ('choose another name, such as name = "r_2"',)


def test_a_long_way_is_cut():
    layers = [{"type": "conv", "out_channels": 1, "kernel_size": 3}] * 30 + [{"type": "linear", "out_features": 2}]
    (found,) = trace(parse({"input": {"shape": [1, 64]}, "layers": layers}))[1]
    (note,) = found.notes
    assert note.startswith("input 1x64 -> conv1 1x62 -> ... -> conv25 1x14 -> ") and note.endswith("conv30 1x4")


def test_large_specs_are_answered_soon():
    layers = [{"type": "conv", "out_channels": 4, "kernel_size": 3, "padding": 1}] * 5_000
    layers += [{"type": "flatten"}, {"type": "linear", "out_features": 3, "in_features": 1600}]
    spec = parse({"input": {"shape": [1, 16, 16]}, "layers": layers})
    with counted_work(most=11_000_000):
        (found,) = trace(spec)[1]
    assert found.helps[0] == "delete this line; the value is inferred"


NAMES = st.sampled_from(["a", "b", "c", "input"])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"type": st.sampled_from(["conv", "linear", "add", "flatten", "max_pool", "group_norm", "multiply"])},
            optional={
                "name": NAMES,
                "from": NAMES | st.lists(NAMES, min_size=1, max_size=3),
                "kernel_size": st.integers(1, 9) | st.lists(st.integers(1, 4), min_size=1, max_size=3),
                "out_channels": st.integers(1, 6),
                "in_channels": st.integers(1, 6),
                "out_features": st.integers(1, 6),
                "in_features": st.integers(1, 6),
                "padding": st.integers(0, 3),
                "groups": st.integers(1, 4),
                "num_groups": st.integers(1, 4),
            },
        ),
        min_size=1,
        max_size=6,
    )
)
def test_advice_never_fails(tables):
    """Keys that a type does not take are left out, those that it needs are put in."""
    needs = {
        "conv": {"out_channels": 2, "kernel_size": 3}, "linear": {"out_features": 2}, "max_pool": {"kernel_size": 2},
        "group_norm": {"num_groups": 2},
    }  # fmt: skip
    takes = {
        "conv": {"in_channels", "padding", "groups"}, "linear": {"in_features"}, "max_pool": {"padding"},
    }  # fmt: skip
    layers = []
    for table in tables:
        kind = table["type"]
        kept = {"type", "name", "from", *needs.get(kind, ()), *takes.get(kind, ())}
        layers.append(needs.get(kind, {}) | {key: value for key, value in table.items() if key in kept})
    try:
        nbcnn.build(parse({"input": {"shape": [2, 7, 7]}, "layers": layers}))
    except InvalidSpec as error:
        for each in error.diagnostics:
            assert each.helps or each.code == "NB106"
            assert all(isinstance(note, str) for note in (*each.notes, *each.helps))
