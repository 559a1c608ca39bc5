"""Every error says where it stands: on its line, under its column, in the file that holds it."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wrong_specs import CONV, IN, JSON, RELU, SPEC, TOML, block, layer

import nbcnn
from nbcnn.spec import InvalidSpec
from nbcnn.spec.positions import positions

ROOT = Path(__file__).parents[2]
SPECS = [*sorted((ROOT / "specs").glob("*.toml")), *sorted((ROOT / "benchmarks").rglob("*.toml"))]


def found_in(path, marked, name="wrong.toml", **others):
    """The diagnostics of a marked text, and the position that its marks stand for."""
    for other, text in others.items():
        (path / f"{other}.toml").write_text(text, encoding="utf-8")
    before, _, rest = marked.partition("«")
    inner, _, after = rest.partition("»")
    (path / name).write_text(before + inner + after, encoding="utf-8")
    with pytest.raises(InvalidSpec) as raised:
        nbcnn.build(nbcnn.load_spec(path / name))
    line = before.count("\n") + 1
    column = len(before) - before.rfind("\n")
    return raised.value.diagnostics, (line, column, line, column + len(inner))


CASES = [("wrong.toml", *case) for case in TOML.values()] + [("wrong.json", *case) for case in JSON.values()]


@pytest.mark.parametrize("name, marked, code, message", CASES, ids=[*TOML, *(f"json: {each}" for each in JSON)])
def test_one_error_at_its_place(tmp_path, name, marked, code, message):
    (found,), expected = found_in(tmp_path, marked, name)
    assert found.code == code
    assert (found.line, found.column, found.end_line, found.end_column) == expected
    assert message in found.message
    assert found.file == str(tmp_path / name)
    assert found.help or found.code == "NB106"


def test_the_table_is_long():
    assert len(CASES) >= 150


def test_independent_errors_are_all_located(tmp_path):
    found, _ = found_in(tmp_path, SPEC.replace("= 3", "= 0") + "a = 1\n" + layer("relu", "b = 2") + "[data]\nc = 3\n")
    assert [(each.line, each.column) for each in found] == [(7, 15), (8, 1), (11, 1), (12, 1), (13, 1)]


def test_a_wrong_name_does_not_hide_a_wrong_value(tmp_path):
    text = SPEC.replace("= 2", '= "$width"') + 'stride = "$s"\npadding = -1\n[train]\nepochs = 0\nseed = "$t"\n'
    found, _ = found_in(tmp_path, text + "[vars]\nwidth = 3\n")
    assert sorted((each.line, each.column, each.code.value) for each in found) == [
        (8, 10, "NB120"), (9, 11, "NB106"), (11, 10, "NB106"), (12, 8, "NB120"),
    ]  # fmt: skip
    found, _ = found_in(tmp_path, text + '[vars]\nwidth = "$w"\n')
    assert [(each.line, each.code.value) for each in found] == [(14, "NB120"), (11, "NB106")]
    used = 'layers = [{type = "block", block = "c"}, {type = "block", block = "b"}, {type = "relu", p = 1}]\n' + IN
    found, _ = found_in(tmp_path, used + block(RELU + "q = 1\n"))
    assert sorted((each.line, each.column, each.code.value) for each in found) == [
        (1, 36, "NB121"), (1, 89, "NB103"), (6, 1, "NB103"),
    ]  # fmt: skip


def test_a_long_line_is_cut_around_the_fault(tmp_path):
    names = ", ".join(f'"{index}"' for index in range(5000))
    (found,), (line, column, *_) = found_in(tmp_path, SPEC + f"stride = 1\npadding_mode = «[{names}]»\n")
    assert (found.line, found.column) == (line, column) and len(found.source) == 400
    layers = "layers = [" + '{type = "relu"}, ' * 100 + '{type = «"rleu"»}]\n'
    (found,), (_, column, *_) = found_in(tmp_path, layers + IN)
    assert found.column == column
    assert found.source[found.column - found.source_column :].startswith('"rleu"}]')


def of_base(path, base, child):
    (found,), expected = found_in(path, base, "base.toml", child=child)
    return found, expected


def test_an_error_of_a_base_stands_in_the_base(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # from where all of it may be extended
    found_in(tmp_path, SPEC.replace("= 3", "= «0»"), "base.toml")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "middle.toml").write_text('name = "m"\nextends = "base.toml"\n[train]\nepochs = 2\n')
    child = tmp_path / "deeper" / "child.toml"
    child.write_text('extends = "../middle.toml"\n[train]\nseed = 3\n')
    with pytest.raises(InvalidSpec) as raised:
        nbcnn.load_spec(child)
    (found,) = raised.value.diagnostics
    assert found.file.endswith("base.toml") and (found.line, found.column) == (7, 15)
    assert [note.replace(str(tmp_path), "") for note in found.notes] == [
        "/deeper/child.toml:1 extends /deeper/../middle.toml",
        "/deeper/../middle.toml:2 extends /deeper/../base.toml",
    ]


def test_an_error_of_what_extends_stands_there(tmp_path):
    base = SPEC + '[train]\nepochs = 3\n[train.optimizer]\ntype = "sgd"\nlr = 1.0\n'
    child = 'extends = "base.toml"\n[train]\nseed = 1\noptimizer = {lr = «-1.0»}\n'
    (found,), expected = found_in(tmp_path, child, base=base)
    assert (found.line, found.column, found.end_line, found.end_column) == expected and not found.notes
    child = 'extends = "base.toml"\n[train]\noptimizer.«rate» = 1\n'
    (found,), expected = found_in(tmp_path, child, base=base)
    assert (found.line, found.column, found.end_line, found.end_column) == expected


@pytest.mark.parametrize(
    "child", ["extends = «3»\n", 'extends = «"nowhere.toml"»\n', 'a = 1\nextends = «"wrong.toml"»\n']
)
def test_a_base_that_cannot_be_is_told_where_it_is_named(tmp_path, child):
    (found,), expected = found_in(tmp_path, child)
    assert (found.line, found.column, found.end_line, found.end_column) == expected


def test_a_block_tells_its_uses(tmp_path):
    outer = block(layer("block", 'block = "b"', 'with = {kernel = "$size"}'), name="outer")
    inner = block(CONV.replace("= 3", '= «"$kernel"»')) + "[blocks.b.parameters]\nkernel = 3\n"
    uses = layer("block", 'block = "outer"', 'name = "stage"', "repeat = 2") + outer
    (found,), expected = found_in(tmp_path, "[vars]\nsize = 5\n" + IN + uses + inner + "[blocks.outer.parameters]\n")
    assert (found.line, found.column, found.end_line, found.end_column) == expected
    assert found.message == "`stage.1.b1.c`: a window of 5 does not fit 4 rows"
    assert found.notes == (
        "input 1x8x8 -> stage.0.b1.c 2x4x4",
        '$kernel is "$size" (line 13)',
        'in block "b", used by `stage.1.b1` (line 10)',
        'in block "outer", used by `stage.1` (line 5)',
    )


def test_a_variable_tells_its_value(tmp_path):
    (found,), _ = found_in(tmp_path, SPEC.replace("= 3", '= "$kernel + 4"') + "[vars]\nkernel = 7\n")
    assert found.notes == ("$kernel is 7 (line 9)",) and (found.line, found.column) == (7, 15)


def test_an_override_is_told(tmp_path):
    (tmp_path / "a.toml").write_text(SPEC)
    with pytest.raises(InvalidSpec) as raised:
        nbcnn.build(nbcnn.load_spec(tmp_path / "a.toml", {"layers.c.kernel_size": 9}))
    (found,) = raised.value.diagnostics
    assert (found.line, found.column) == (4, 8)
    assert found.notes == ("layers[0].kernel_size comes from an override and does not stand in the file",)


def test_an_override_of_what_is_not_there_is_told(tmp_path):
    (tmp_path / "a.toml").write_text(SPEC)
    with pytest.raises(InvalidSpec) as raised:
        nbcnn.load_spec(tmp_path / "a.toml", {"trian.epochs": 9})
    (found,) = raised.value.diagnostics
    assert (found.file, found.line) == (str(tmp_path / "a.toml"), None)
    assert found.notes == ("trian.epochs comes from an override and does not stand in the file",)
    with pytest.raises(InvalidSpec) as raised:
        nbcnn.load_spec(tmp_path / "a.toml", {"layers.d.kernel_size": 9})
    assert raised.value.diagnostics[0].file == str(tmp_path / "a.toml")


def test_not_utf_8(tmp_path):
    path = tmp_path / "a.toml"
    path.write_bytes(b"[input]\n# caf\xe9\n")
    with pytest.raises(InvalidSpec) as raised:
        nbcnn.load_spec(path)
    (found,) = raised.value.diagnostics
    assert (found.code, found.line, found.column) == ("NB101", 2, 6)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_every_value_of_every_spec_is_found(path):
    text = path.read_text(encoding="utf-8")
    check(positions(text, is_json=False), tomllib.loads(text), text, lambda part: tomllib.loads(f"x = {part}")["x"])
    document = tomllib.loads(text)
    for indent in (None, 2):
        text = json.dumps(document, indent=indent, default=str)
        check(positions(text, is_json=True), json.loads(text), text, json.loads)


def check(spot, value, text, parse):
    """Every value below is what is written at its position, and its key before it."""
    assert len(spot.below) == len(value)
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        below = spot.below[key]
        written = text[slice(*below.span)]
        if not isinstance(each, dict) and not (isinstance(each, list) and any(isinstance(part, dict) for part in each)):
            assert parse(written) == each
        if isinstance(key, str):
            name = text[slice(*below.key)]
            assert (json.loads(name) if parse is json.loads else name.strip("\"'")) == key
        if isinstance(each, dict | list):
            check(below, each, text, parse)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
        max_leaves=12,
    ),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_every_value_of_any_json_is_found(value, indent, ascii):
    text = json.dumps({"x": value}, indent=indent, ensure_ascii=ascii)
    check(positions(text, is_json=True), {"x": value}, text, json.loads)


STRINGS = ['"a"', "'a'", '"""a\n"b""\\"""""', "'''\n'a''''", '"#["', "'\"]'", '"\\\\"', '""', "''", '"=,"']
SCALARS = ["1", "-1_000", "0x1f", "1.5e3", "inf", "true", "1979-05-27 07:32:00Z", "07:32:00.5", *STRINGS]
VALUES = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: "[ # [\n" + ",\n".join(parts) + " ]")
        | st.lists(inner, max_size=3).map(lambda parts: "[" + "".join(f"{each}," for each in parts) + "]")
        | st.lists(inner, max_size=2).map(
            lambda parts: "{" + ", ".join(f'"k {number}".a = {each}' for number, each in enumerate(parts)) + "}"
        )
    ),
    max_leaves=6,
)


@given(st.lists(st.tuples(st.sampled_from(["", "[t{}]", "[[l]]", "[l.in{}]", "['q'.x{}] # ]"]), VALUES), max_size=6))
def test_every_value_of_any_toml_is_found(entries):
    lines = ["top = 1", "[[l]]"]
    for number, (header, value) in enumerate(entries):
        lines += [header.format(number), f'  k{number}."a b" = {value}  # = [']
    text = "\n".join(lines)
    check(positions(text, is_json=False), tomllib.loads(text), text, lambda part: tomllib.loads(f"x = {part}")["x"])


def test_deep_values_cost_no_stack():
    text = "x = [1, [[" + "[" * 100 + "1" + "]" * 100 + ']], "a"]\n' + RELU
    root = positions(text, is_json=False)
    assert text[slice(*root.below["x"].below[2].span)] == '"a"'
