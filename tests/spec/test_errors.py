"""Bad specs: each gives its own message with a cure, in our words, and all of them at once."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from work import counted_work

import nbcnn
from nbcnn.spec import InvalidSpec, parse

HEAD = "[input]\nshape = [1, 8, 8]\n"
CONV = '[[layers]]\ntype = "conv"\nout_channels = 2\nkernel_size = 3\n'
GOOD = HEAD + CONV

CASES = {
    "unknown key": (
        GOOD + "kernel_sise = 3", "NB103",
        '`conv1`: unknown key "kernel_sise"', "the nearest key is kernel_size",
    ),
    "Keras's name": (GOOD + "filters = 3", "NB103", 'unknown key "filters"', "the nearest key is out_channels"),
    "Keras's name for what is needed": (
        GOOD.replace("out_channels", "filters"), "NB103", 'unknown key "filters"', "the nearest key is out_channels",
    ),
    "Keras's layer": (HEAD + '[[layers]]\ntype = "ZeroPadding2D"', "NB107", '"ZeroPadding2D"', 'the nearest is "pad"'),
    "dropout of channels": (
        HEAD + '[[layers]]\ntype = "Dropout2d"', "NB107", 'type = "Dropout2d"', 'the nearest is "channel_dropout"',
    ),
    "Keras's loss": (
        GOOD + '[train]\nloss = "binary_crossentropy"', "NB107", 'train.loss.type = "binary_crossentropy"',
        'the nearest is "binary_cross_entropy_with_logits"',
    ),
    "unlike any key": (
        GOOD + "zzz = 3", "NB103",
        'unknown key "zzz"', "the keys here are type, name, from, activation",
    ),
    "unknown table": (GOOD + "[training]\nepochs = 3", "NB103", 'unknown key "training"', "the nearest key is train"),
    "unknown optimizer key": (
        GOOD + '[train.optimizer]\ntype = "adam"\nlearning_rate = 1', "NB103",
        'train.optimizer: unknown key "learning_rate"', "the nearest key is lr",
    ),
    "wrong type": (
        HEAD + CONV.replace("3", '"3"'), "NB106",
        'kernel_size: expected a whole number from 1 to 16777216, or a list with one per axis, received "3"',
        "write 3 without quotes",
    ),
    "true for a number": (GOOD.replace("2", "true"), "NB106", "out_channels: expected a whole number from 1", None),
    "fraction": (GOOD.replace("= 3", "= 3.0"), "NB106", "received 3.0", None),
    "number for a switch": (GOOD + "bias = 1", "NB106", "bias: expected true or false, received 1", None),
    "string for a switch": (GOOD + 'bias = "True"', "NB106", 'received "True"', "write True without quotes"),
    "zero": (GOOD + "stride = 0", "NB106", "stride: expected a whole number from 1", None),
    "huge": (GOOD + f"stride = {10**12}", "NB106", f"received {10**12}", None),
    "huger": (GOOD + f"stride = 0x{'f' * 5000}", "NB106", "received a whole number of 20000 bits", None),
    "padding": (GOOD + 'padding = "sane"', "NB106", 'received "sane"', 'the nearest is "same"'),
    "pairs": (GOOD + "padding = [[1, 2, 3], [1]]", "NB106", "received [[...], [...]]", None),
    "four axes": (GOOD + "stride = [1, 1, 1, 1]", "NB106", "received [1, 1, 1, 1]", None),
    "initializer": (GOOD + 'initializer = "he_norm"', "NB106", "initializer: expected", 'the nearest is "he_normal"'),
    "name that ends in a dot": (GOOD + 'name = "a."', "NB106", "name: expected a name of at most 128 letters", None),
    "name with two dots": (GOOD + 'name = "a..b"', "NB106", "name: expected a name", None),
    "name with a part that is neither name nor number": (GOOD + 'name = "a.1b"', "NB106", "name: expected", None),
    "from with a space": (GOOD + 'from = "a b"', "NB106", 'from: expected the name of a layer, or "input"', None),
    "from nothing": (GOOD + "from = []", "NB106", "from: expected the name of a layer", None),
    "name like a path": (GOOD + 'name = "../a"', "NB106", "`../a`: name: expected a name", None),
    "name too long": (GOOD + f'name = "{"a" * 129}"', "NB106", f'received "{"a" * 37}..."', None),
    "name with a bell": (GOOD + 'name = "a\\u0007"', "NB106", r'received "a\x07"', None),
    "missing key": (
        HEAD + '[[layers]]\ntype = "max_pool"', "NB105",
        "`max_pool1`: kernel_size is missing", "add it: kernel_size = ...",
    ),
    "missing type": (
        HEAD + "[[layers]]\nbias = true", "NB105",
        "layers[0]: type is missing", 'give one of "conv", ',
    ),
    "no input": (CONV, "NB105", "input is missing", "add it: [input]"),
    "no layers": (HEAD, "NB105", "layers is missing", "add it: [[layers]]"),
    "empty layers": ("layers = []\n" + HEAD, "NB106", "layers: expected at least 1 entry, received []", None),
    "one bracket": (
        HEAD + CONV.replace("[[layers]]", "[layers]"), "NB106",
        "layers: expected a list, received a table", "write [[layers]]",
    ),
    "unknown layer": (
        HEAD + '[[layers]]\ntype = "conv2d"', "NB107",
        'type = "conv2d" is not a known type', 'the nearest is "conv"',
    ),
    "dense": (
        HEAD + '[[layers]]\ntype = "Dense"', "NB107",
        'type = "Dense" is not a known type', 'the nearest is "linear"',
    ),
    "table of a type": (
        HEAD + "[[layers]]\ntype = {a = 1}", "NB107",
        "layers[0]: type = a table is not a known type", 'use one of "conv"',
    ),
    "type of a type": (HEAD + "[[layers]]\ntype = [1]", "NB107", "type = [1] is not a known type", 'use one of "conv"'),
    "unknown optimizer": (
        GOOD + '[train.optimizer]\ntype = "adm"', "NB107",
        'train.optimizer.type = "adm"', 'the nearest is "adam"',
    ),
    "flat input": (
        GOOD.replace("[1, 8, 8]", "[64]"), "NB106",
        "input.shape: expected a list of 2 to 4 whole numbers", None,
    ),
    "negative rate": (
        GOOD + '[train.optimizer]\ntype = "sgd"\nlr = -1', "NB106",
        "train.optimizer.lr: expected a number of at least 0, received -1", None,
    ),
    "infinite rate": (
        GOOD + '[train.optimizer]\ntype = "sgd"\nlr = inf', "NB106",
        "train.optimizer.lr: expected a finite number, received inf", None,
    ),
    "not a number": (
        GOOD + '[train.optimizer]\ntype = "sgd"\nlr = nan', "NB106",
        "expected a finite number, received nan", None,
    ),
    "betas": (
        GOOD + '[train.optimizer]\ntype = "adam"\nbetas = [0.9, 1]', "NB106",
        "train.optimizer.betas: expected a list of two numbers", None,
    ),
    "probability": (
        HEAD + '[[layers]]\ntype = "dropout"\np = 1', "NB106",
        'p: expected a number below 1, received 1', None,
    ),
    "loss": (
        GOOD + '[train]\nloss = "crossentropy"', "NB107",
        'train.loss.type = "crossentropy" is not a known type', 'the nearest is "cross_entropy"',
    ),
    "seed": (GOOD + "[train]\nseed = -1", "NB106", "train.seed: expected a whole number from 0 to 2**63 - 1", None),
    "date": (GOOD + "[train]\nseed = 1979-05-27", "NB106", "received 1979-05-27", None),
    "table for a value": (GOOD + "[train]\nepochs = {a = 1}", "NB106", "received a table", None),
    "string for a table that has a type": (
        GOOD + '[train]\noptimizer = "Adam"', "NB106", 'train.optimizer: expected a table, received "Adam"',
        'write it as one: {type = "adam"}',
    ),
    "string for a table": ('train = "fast"\n' + GOOD, "NB106", "train: expected a table, received", None),
    "value for a table": ("train = 3\n" + GOOD, "NB106", "train: expected a table, received 3", None),
    "control character": ('name = "a\\u001b[2J"\n' + GOOD, "NB106", r'received "a\x1b[2J"', None),
    "number for a string": (
        "name = 1\n" + GOOD, "NB106",
        "name: expected a string of 1 to 256 printable characters", None,
    ),
    "twice": (
        'name = "a"\nname = "b"\n' + GOOD, "NB102",
        'not valid TOML: "name" is given twice', "keep one of them",
    ),
    "table twice": (GOOD + HEAD, "NB102", 'not valid TOML: "[input]" is given twice', "keep one of them"),
    "syntax": ("name = \n" + GOOD, "NB102", "not valid TOML: invalid value", "give a value"),
    "unfinished": (GOOD + '[train', "NB102", "not valid TOML: expected", "end the header"),
    "bad date": (GOOD + "[train]\nseed = 2024-13-99", "NB102", "not valid TOML", None),
    "endless integer": (GOOD + f"stride = {'9' * 5000}", "NB102", "not valid TOML: a value is out of range", None),
    "nesting": ("x = " + "[" * 5000, "NB109", "nested too deeply", None),
    "dotted key": (".".join("a" * 5000) + " = 1", "NB109", "more than 128 dots in one line", None),
    "dotted numbers": (".".join("1" * 5000) + " = 1", "NB109", "more than 128 dots in one line", None),
    "large file": ("#" * 2**20 + "\n", "NB109", "larger than 1048576 bytes", None),
}  # fmt: skip


def read(tmp_path, content, name="bad.toml"):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InvalidSpec) as raised:
        nbcnn.load_spec(path)
    assert str(path) in str(raised.value)
    return raised.value


def test_one_slip_does_not_hide_another_key_that_is_missing():
    with pytest.raises(InvalidSpec) as raised:
        parse({"input": {"shape": [1, 8, 8]}, "layers": [{"type": "conv", "filters": 2, "inplace": True}]})
    messages = "\n".join(each.message for each in raised.value.diagnostics)
    assert "kernel_size is missing" in messages and "out_channels is missing" not in messages


@pytest.mark.parametrize("text, code, message, cure", CASES.values(), ids=CASES)
def test_one_cause_one_message(tmp_path, text, code, message, cure):
    with counted_work(most=50_000):
        (found,) = read(tmp_path, text).diagnostics
    assert found.code == code
    assert message in found.message
    assert cure is None or cure in found.help
    assert "pydantic" not in str(found) and "Input should" not in str(found)
    assert len(str(found)) < 1000


JSON_CASES = {
    "twice": ('{"name": "a", "name": "b"}', 'key "name" is given twice'),
    "no number": ('{"name": NaN}', "NaN is not a JSON value"),
    "a list": ("[]", "expected a JSON object at the top"),
    "syntax": ('{"name": }', "bad.json:1:10: not valid JSON: expecting value"),
    "nesting": ('{"x": ' + "[" * 90_000, "nested too deeply"),
    "endless integer": ('{"x": ' + "9" * 5000 + "}", "a number is out of range"),
    "empty": ("", "not valid JSON"),
}


@pytest.mark.parametrize("text, message", JSON_CASES.values(), ids=JSON_CASES)
def test_json(tmp_path, text, message):
    assert message in str(read(tmp_path, text, "bad.json"))


def test_toml_says_the_line(tmp_path):
    (found,) = read(tmp_path, "\nname = \n").diagnostics
    assert (found.line, found.column) == (2, 8)


def test_not_utf_8(tmp_path):
    assert "not UTF-8 text (byte 2)" in str(read(tmp_path, b"# \xff"))


@pytest.mark.parametrize("name", ["missing.toml", ".", "a\0b.toml", "/dev/null"])
def test_no_file(tmp_path, name):
    with pytest.raises(InvalidSpec) as raised:
        nbcnn.load_spec(tmp_path / name)
    assert [diagnostic.code for diagnostic in raised.value.diagnostics] == ["NB101"]


def test_a_missing_file_names_the_nearest(tmp_path):
    (tmp_path / "lenet5.toml").write_text(GOOD)
    with pytest.raises(
        InvalidSpec, match="lenet.toml: no such file; check the path; the nearest name there is lenet5.toml"
    ):
        nbcnn.load_spec(tmp_path / "lenet.toml")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(InvalidSpec, match="not a regular file"):
        nbcnn.load_spec(tmp_path / "pipe.toml")


def test_all_errors_at_once_and_ten_of_them_in_the_message(tmp_path):
    error = read(tmp_path, HEAD + CONV.replace("3", "0") * 30 + "[data]\n")
    assert len(error.diagnostics) == 31
    assert str(error).count("\n") == 10
    assert str(error).endswith("and 21 more")


def test_a_hundred_thousand_errors_are_refused_quickly(tmp_path):
    with counted_work(most=10_000_000):
        error = read(tmp_path, "".join(f"k{number}=1\n" for number in range(25_000)))
    assert len(error.diagnostics) == 100
    assert str(error).endswith("and 24992 more")


def test_validate_reports_what_cannot_be_read(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(GOOD + "zzz = 1")
    report = nbcnn.validate(path)
    assert report["layers"] == [] and report["totals"]["params"] == 0
    (found,) = report["diagnostics"]
    assert found["severity"] == "error" and found["file"] == str(path)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
KEYS = ["type", "name", "kernel_size", "padding", "stride", "out_channels", "bias", "activation", "p", "conv", "lr"]
tables = st.dictionaries(st.sampled_from(KEYS), junk | st.sampled_from(["conv", "max_pool", "adam", "relu", 3, 1]))


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "name": junk,
            "input": junk | st.fixed_dictionaries({"shape": junk}) | st.just({"shape": [1, 8, 8]}),
            "layers": junk | st.lists(junk | tables, max_size=3),
            "train": junk | st.fixed_dictionaries({"optimizer": tables, "schedule": tables}),
            "data": junk,
            "oops": junk,
        },
    )
)
def test_no_document_whatever_gives_another_exception(document):
    try:
        nbcnn.build(parse(document))
    except InvalidSpec as error:
        assert error.diagnostics
        assert "pydantic" not in str(error)
