"""Small files that ask for much work: each is refused at once."""

import json

import pytest

import nbcnn
from nbcnn.network import trace
from nbcnn.spec import InvalidSpec, parse

SPEC = {"input": {"shape": [1, 8, 8]}, "layers": [{"type": "relu"}]}
TOML = '[input]\nshape = [1, 8, 8]\n[[layers]]\ntype = "relu"\n'


def refusal(path, text, **more):
    path.write_text(text)
    with pytest.raises(InvalidSpec) as raised:
        nbcnn.load_spec(path, **more)
    return raised.value


def test_json_has_so_many_values(tmp_path):
    # Before it is read: this is no JSON.
    found = refusal(tmp_path / "a.json", f'{{"layers": [{"[]," * 250_000} no JSON').diagnostics[0]
    assert (found.code, found.message) == ("NB109", "more than 500000 values")


def test_every_default_of_ten_thousand_layers_is_read_again(tmp_path):
    lists = {"kernel_size": [3] * 3, "stride": [1] * 3, "dilation": [1] * 3, "padding": [[1, 1]] * 3}
    layers = [{"type": "conv", "out_channels": 1, **lists}] * 10_000
    spec = parse({"input": {"shape": [1, 8, 8, 8]}, "layers": layers})
    (tmp_path / "spec.json").write_text(json.dumps(spec.resolved(), indent=2))  # as a run writes it
    assert nbcnn.load_spec(tmp_path / "spec.json") == spec


def test_errors_of_no_spec_are_not_explained(tmp_path):
    layer = {"type": "relu", **{str(number): 0 for number in range(20)}}
    found = refusal(tmp_path / "a.json", json.dumps(SPEC | {"layers": [layer] * 10_000})).diagnostics[0]
    assert (found.code, found.message, found.file) == (
        "NB109",
        "200001 errors, more than 30000",
        str(tmp_path / "a.json"),
    )


@pytest.mark.parametrize(
    "text, rule", [("[[a]]\n" * 60_000, "100000 values"), (f"{'a.' * 100}a=1\n" * 600, "50000 dots")]
)
def test_toml_has_so_many_values_and_dots(tmp_path, text, rule):
    found = refusal(tmp_path / "a.toml", text).diagnostics[0]
    assert (found.code, found.message) == ("NB109", f"more than {rule}")


def test_ten_thousand_layers_can_be_written_one_by_one(tmp_path):
    layer = '[[layers]]\ntype = "conv"\nout_channels = 4\nkernel_size = [3, 3]\npadding = 1\nbias = false\n'
    (tmp_path / "a.toml").write_text(f"input.shape = [1, 8, 8]\n{layer * 10_000}")
    assert len(nbcnn.load_spec(tmp_path / "a.toml").layers) == 10_000


def test_the_key_that_is_given_twice_is_found_among_many(tmp_path):
    keys = ", ".join(f'"k{number}": 1' for number in range(50_000))
    assert '"x" is given twice' in str(refusal(tmp_path / "a.json", f'{{{keys}, "x": 1, "x": 2}}'))


@pytest.mark.parametrize("name, text", [("a.toml", 'extends = "f0.toml"\n'), ("a.json", '{"extends": "f0.toml"}')])
def test_files_that_extend_one_another_are_no_larger_than_one(tmp_path, name, text):
    """TOML below JSON is no larger than TOML alone."""
    for number in range(3):
        (tmp_path / f"f{number}.toml").write_text(f'extends = "f{number + 1}.toml"\n' + "#" * 400_000)
    (tmp_path / "f3.toml").write_text(TOML)
    found = refusal(tmp_path / name, text).diagnostics[0]
    assert found.code == "NB109" and "together larger than a single one may be" in found.message
    (tmp_path / "f1.toml").write_text('extends = "f3.toml"\n')
    assert nbcnn.load_spec(tmp_path / name).layers[0].type == "relu"


@pytest.mark.parametrize("count, expected", [(900, "no variable is named"), (5000, "at most 1000 variables")])
def test_many_variables_that_stand_for_nothing(tmp_path, count, expected):
    lines = "".join(f"v{number} = '$w{number}'\n" for number in range(count))
    assert expected in str(refusal(tmp_path / "a.toml", f"{TOML}[vars]\n{lines}"))


def test_unknown_variables_among_many_known_ones():
    layers = [{"type": "relu", "name": f"${'a' * 60}{number}"} for number in range(5000)]
    with pytest.raises(InvalidSpec, match="no variable is named"):
        parse(SPEC | {"vars": {f"{'a' * 55}{number}": 1 for number in range(1000)}, "layers": layers})


def test_names_of_variables_have_a_length():
    with pytest.raises(InvalidSpec, match="is no name for a variable"):
        parse(SPEC | {"vars": {"a" * 65: 1}})
    with pytest.raises(InvalidSpec, match="is no variable and no calculation") as raised:
        parse(SPEC | {"name": "$" + "a" * 10_000})
    assert len(str(raised.value)) < 400


def test_lists_of_lists_of_lists_by_variables():
    laughs = {f"v{level}": [f"$v{level + 1}"] * 10 for level in range(30)} | {"v30": 1}
    for key in ("layers", "input", "name"):
        with pytest.raises(InvalidSpec):
            parse(SPEC | {"vars": laughs, key: "$v0"})


def test_errors_beyond_the_first_hundred_are_counted():
    broken = parse(SPEC | {"layers": [{"type": "relu", "from": f"nobody{number}"} for number in range(500)]})
    assert len(trace(broken)[1]) == 100
    with pytest.raises(InvalidSpec) as raised:
        nbcnn.build(broken)
    assert len(raised.value.diagnostics) == 100 and raised.value.unlisted == 400


def test_thousands_of_wrong_layers_are_told_quickly():
    broken = parse(SPEC | {"layers": [{"type": "add", "from": ["a", "b", "c"]}] * 10_000})
    with pytest.raises(InvalidSpec):
        nbcnn.build(broken)


@pytest.mark.parametrize("key", ["a" + ".a" * 20_000, "x" * 1001, "layers." + "9" * 900, "train." + "\x1b[2J" * 9])
def test_overrides_with_strange_keys(tmp_path, key):
    found = refusal(tmp_path / "a.toml", TOML, overrides={key: 1})
    assert len(str(found)) - len(str(tmp_path)) < 340 and "\x1b" not in str(found)


@pytest.mark.parametrize("text", ["a\u202eb", "a\u2066b", "a\u2028b", "a\x9bb", "a\x1bb"])
@pytest.mark.parametrize("table", ["name", "data"])
def test_no_text_turns_a_terminal_around(tmp_path, table, text):
    document = SPEC | {table: {"source": text} if table == "data" else text}
    found = refusal(tmp_path / "a.json", json.dumps(document))
    assert "printable characters" in str(found) and text[1] not in str(found)
