"""Outlines, completion and hover on plain texts, whole and half written."""

import json
from random import Random

import pytest

from nbcnn.language_server.checking import check
from nbcnn.language_server.completing import completions
from nbcnn.language_server.hovering import hover
from nbcnn.language_server.keys import keys, types_of
from nbcnn.language_server.outline import looks_like_a_spec, outline
from nbcnn.layers.catalogue import LAYER_TYPES
from nbcnn.spec.augment import AUGMENTATIONS

BLOCKS = """[input]
shape = [4, 8, 8]

[[layers]]
type = "block"
block = "pair"
repeat = 2

[blocks.pair]
parameters = { width = 4 }

[[blocks.pair.layers]]
type = "conv"
name = "a"
out_channels = "$width"
kernel_size = 3
padding = 1
activation = "relu"

[[blocks.pair.layers]]
type = "add"
from = ["a", "input"]

[train]
epochs = 3
optimizer = { type = "sgd", lr = 0.1 }
"""

INLINE = """input.shape = [4, 8, 8]
vars = {width = 4}

layers = [
    {type = "conv", name = "c0", out_channels = "$width", kernel_size = 3, padding = 1},  # the first
    {type = "block", block = "b", with = {deep = 1}},
    {type = "add", from = ["c0", "input"]},
    {type = "flatten"},
]

[blocks.b]
layers = [
    {type = "relu", name = "r"},
]
"""


def offered(text: str) -> list[str]:
    """What is offered at the bar in a text."""
    before = text.partition("|")[0]
    line = before.count("\n")
    return [each.label for each in completions(text.replace("|", ""), line, len(before) - before.rfind("\n") - 1, ())]


def completed(text: str, label: str) -> str:
    """The text after what is offered under a label was chosen."""
    before = text.partition("|")[0]
    lines, line = text.replace("|", "").split("\n"), before.count("\n")
    found = completions("\n".join(lines), line, len(before) - before.rfind("\n") - 1, ())
    (chosen,) = (each for each in found if each.label == label)
    lines[line] = lines[line][: chosen.start] + chosen.text + lines[line][chosen.end :]
    return "\n".join(lines)


def test_an_outline_has_paths_and_entries():
    seen = outline(BLOCKS + "x = [\n 1\n")
    assert [table.path for table in seen.tables] == [
        (),
        ("input",),
        ("layers", 0),
        ("blocks", "pair"),
        ("blocks", "pair", "parameters"),
        ("blocks", "pair", "layers", 0),
        ("blocks", "pair", "layers", 1),
        ("train",),
        ("train", "optimizer"),
    ]
    places = {"shape": ("input",), "repeat": ("layers", 0), "epochs": ("train",), "lr": ("train", "optimizer")}
    assert {word: seen.at(BLOCKS.index(word)).path for word in places} == places
    layer = seen.at(BLOCKS.index("kernel_size"))
    assert seen.text(layer, "name") == "a" and seen.text(layer, "kernel_size") is None
    assert seen.blocks() == ["pair"]
    assert seen.types()[("train", "optimizer")] == "sgd"


def test_an_outline_follows_inline_tables_over_lines():
    seen = outline(INLINE)
    assert [(table.path, table.path and seen.text(table, "type")) for table in seen.tables][:4] == [
        ((), ()),
        (("vars",), None),
        (("layers", 0), "conv"),
        (("layers", 1), "block"),
    ]
    assert ("blocks", "b", "layers", 0) in [table.path for table in seen.tables]
    assert seen.blocks() == ["b"]


@pytest.mark.parametrize("cut", ['from = ["c0", "', 'from = ["c0"', "from = ", "fr", "type = "])
def test_what_is_open_ends_with_its_line(cut):
    text = INLINE.replace('{type = "add", from = ["c0", "input"]},', '{type = "add", ' + cut)
    seen = outline(text)
    assert [table.path for table in seen.tables if table.path[:2] == ("layers", 3)] == [("layers", 3)]
    assert seen.text(next(table for table in seen.tables if table.path == ("layers", 3)), "type") == "flatten"


def test_a_header_ends_what_is_open():
    seen = outline('layers = [\n    {type = "conv",\n[train]\nepochs = 3\n')
    assert seen.tables[-1].path == ("train",) and ("epochs",) in seen.tables[-1].entries


@pytest.mark.parametrize(
    ("text", "is_json", "expected"),
    [
        (BLOCKS, False, True),
        ('extends = "base.toml"', False, True),
        ("#:schema nbcnn.schema.json\n", False, True),
        ("[project]\nname = 'x'\n[tool.linter]\nlayers = ['a']\n", False, False),
        ('{"input": {}, "layers": []}', True, True),
        ('{"extends": "./base.json", "compilerOptions": {}}', True, False),
        ('{"$schema": "nbcnn.schema.json"}', True, True),
    ],
)
def test_what_looks_like_a_spec(text, is_json, expected):
    assert looks_like_a_spec(text, is_json=is_json) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[[layers]]\ntype = "conv"\nkernel_size = 3\n|', ["name", "from", "activation", "trainable", "lr"]),
        ('[[layers]]\n|\ntype = "flatten"', ["name", "from", "activation"]),
        ("[[layers]]\n|", ["type", "name", "from"]),
        ("[input]\nsh|", ["shape"]),
        (
            "[train]\nloss = |",
            ["cross_entropy", "binary_cross_entropy_with_logits", "mse_loss"],
        ),
        (
            '[train]\nloss = "|"',
            ["cross_entropy", "binary_cross_entropy_with_logits", "mse_loss"],
        ),
        ('[train.optimizer]\ntype = "|', ["sgd", "adam", "adamw", "rmsprop", "adagrad", "lion"]),
        ('[train]\noptimizer = { type = "|" }', ["sgd", "adam", "adamw", "rmsprop", "adagrad", "lion"]),
        ('[train]\noptimizer = { type = "sgd", lr = 1, |}', ["momentum", "nesterov", "dampening", "weight_decay"]),
        ('[[layers]]\ntype = "conv"\nbias = |', ["true", "false"]),
        ('[[layers]]\ntype = "conv"\npadding = "|', ["same", "same_lower", "valid"]),
        ("# ty|", []),
        ('name = "|', []),
        ('layers = [\n    {type = "|"},\n]', ["conv", "conv_transpose", "upsample"]),
        ("layers = [\n    {|},\n]", ["type", "name", "from"]),
        ('layers = [\n    {type = "conv", |\n    {type = "relu"},\n]', ["name", "from", "activation", "trainable"]),
        ('layers = [\n    {type = "conv", kernel_size = 3, |},\n]', ["name", "from", "activation", "trainable"]),
        ('layers = [\n    {type = "relu", name = "a"},\n    {type = "add", from = ["|', ["input", "a"]),
        ('layers = [\n    {type = "relu", name = "a"},|\n]', []),
        ('layers = [\n    {type = "relu"|},\n]', []),
        ("train.|", ["epochs", "batch_size", "loss"]),
        ("train.epochs = 3\ntrain.ba|", ["batch_size", "loss"]),
    ],
)
def test_completion(text, expected):
    assert offered(text)[: len(expected)] == expected if expected else offered(text) == []


def test_all_layer_types_are_offered_with_what_they_are():
    assert set(offered('[[layers]]\ntype = "|')) == {*LAYER_TYPES, "block"}
    assert set(offered('[[augment]]\ntype = "|')) == {*AUGMENTATIONS}
    assert {"padding", "fill"} <= {*offered('[[augment]]\ntype = "random_crop"\n|')}
    assert offered('[[augment]]\ntype = "random_affine"\ninterpolation = "|') == ["nearest", "bilinear"]
    assert all(description for _, description in types_of(("layers", 0), {}))


def test_every_key_of_every_layer_type_is_offered():
    for kind, layer in LAYER_TYPES.items():
        names = {field.alias or name for name, field in layer.model_fields.items()}
        assert {key.name for key in keys(("layers", 0), {("layers", 0): kind})} == names


def test_sources_are_those_before_the_layer_and_in_a_block_its_own():
    text = BLOCKS.replace('from = ["a", "input"]', 'from = ["|')
    assert offered(text) == ["input", "a"]
    layers = '[[layers]]\ntype = "conv"\n\n[[layers]]\ntype = "conv"\nname = "b"\n\n[[layers]]\ntype = "add"\n'
    assert offered(layers + "from = |\n\n[[layers]]\nname = 'later'\n") == ["input", "conv1", "b"]


def test_blocks_are_offered():
    assert offered(BLOCKS.replace('block = "pair"', "block = |")) == ["pair"]
    assert "[[blocks.pair.layers]]" in offered(BLOCKS + "\n[[|")


@pytest.mark.parametrize(
    ("text", "label", "expected"),
    [
        ("[|", "[train]", "[train]"),
        ("[[l|]]", "[[layers]]", "[[layers]]"),
        ("[[layers]]\nty|", "type", "[[layers]]\ntype = "),
        ("[[layers]]\nty|pe = 1", "from", "[[layers]]\nfrom = 1"),
        ("[[layers]]\ntype = |", "conv", '[[layers]]\ntype = "conv"'),
        ('[[layers]]\ntype = "co|"', "conv", '[[layers]]\ntype = "conv"'),
        ('[[layers]]\ntype = "co|', "conv", '[[layers]]\ntype = "conv"'),
        ("[train]\nshuffle = t|", "true", "[train]\nshuffle = true"),
    ],
)
def test_what_is_chosen_replaces_what_was_written(text, label, expected):
    assert completed(text, label) == expected


def test_hover_on_a_block_has_the_layers_of_every_use():
    checked = check("blocks.toml", BLOCKS)
    assert checked.diagnostics == []
    line = BLOCKS.split("\n").index("kernel_size = 3")
    found = hover(BLOCKS, line, 20, checked, is_json=False)
    assert found.count("**4x8x8**") == 4 and "(relu)" in found  # two uses, each with its activation
    use = hover(BLOCKS, 3, 2, checked, is_json=False)
    assert use.count("(add)") == 2
    assert use.startswith("6 layers: 4x8x8 -> **4x8x8**, 296 parameters, 18,432 MACs, sees 5x5 pixels, jump 1x1")
    assert hover(BLOCKS, 0, 0, checked, is_json=False) is None
    line = BLOCKS.split("\n").index("epochs = 3")
    assert hover(BLOCKS, line, 2, checked, is_json=False).startswith("`epochs`: a whole number, default `10`")


def test_hover_on_json_that_is_being_typed():
    text = json.dumps({"input": {"shape": [1, 8, 8]}, "layers": [{"type": "relu", "name": "a"}, {"type": "flatten"}]})
    checked = check("a.json", text)
    for end in range(len(text)):
        for character in range(0, end, 7):
            hover(text[:end], 0, character, checked, is_json=True)
    assert "**1x8x8**" in hover(text, 0, text.index("relu"), checked, is_json=True)
    assert hover(text.replace('"flatten"', ""), 0, text.index("flatten"), checked, is_json=True) is not None


def test_nothing_that_is_written_makes_it_fail():
    """Texts cut and mixed up at random, with the cursor anywhere."""
    random = Random(0)
    checked = check("blocks.toml", BLOCKS)
    for _ in range(400):
        pieces = [BLOCKS[start : start + random.randint(1, 40)] for start in random.sample(range(len(BLOCKS)), 6)]
        text = "".join(pieces) + random.choice(["", '"', "[", "{", "=", "\r\n", "\x00", "😀", "]]"])
        line = random.randint(0, text.count("\n") + 1)
        for is_json in (False, True):
            hover(text, line, random.randint(0, 30), checked, is_json=is_json)
        completions(text, line, random.randint(0, 30), ["a"])
        check("blocks.toml", text)
