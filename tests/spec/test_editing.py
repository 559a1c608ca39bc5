"""Changes of a document made in its text: what they say is what the text says then, and all else stays as it was."""

import json
import tomllib

import pytest

from nbcnn.network.fixing import edited
from nbcnn.spec.editing import text_edits
from nbcnn.spec.edits import delete, insert, put, rename
from nbcnn.spec.sources import Source, Sources

TOML = """#:schema nbcnn.schema.json
name = "net" # its name

[input]
shape = [1, 8, 8]

# the first
[[layers]]
  type = 'conv'   # a comment
  padding = [1,
    2]
  out_channels = 4 # "four"

# the second
[[layers]]
type = "linear"
in_features = 3

[train]
[train.optimizer]
type = "adam"
"""


def changed(text, *edits, name="a.toml"):
    source = Source(name, text)
    document = (json.loads if source.is_json else tomllib.loads)(text)
    found = text_edits(Sources((source,), document), edits)
    if not found:
        return None
    after = edited(text, found)
    for edit in edits:
        document = edit.apply(document)
    assert (json.loads if source.is_json else tomllib.loads)(after) == document
    return after


CASES = {
    "a line": (delete(("layers", 1, "in_features")), "in_features = 3\n", ""),
    "a line with a comment": (delete(("layers", 0, "out_channels")), "out_channels = 4 # ", "# "),
    "two lines": (delete(("layers", 0, "padding")), "  padding = [1,\n    2]\n", ""),
    "a key": (rename(("name",), "title"), "name =", "title ="),
    "a key to be quoted": (rename(("name",), "a b"), "name =", '"a b" ='),
    "the key of a table": (rename(("input",), "in"), "[input]", "[in]"),
    "the key of a table of tables": (rename(("train",), "trains"), "[train", "[trains"),
    "the key of all tables": (rename(("layers",), "stack"), "[[layers]]", "[[stack]]"),
    "a value": (put(("layers", 0, "out_channels"), 8), "4 #", "8 #"),
    "a string in its quotes": (put(("layers", 0, "type"), "relu"), "'conv'", "'relu'"),
    "a string that these cannot hold": (put(("layers", 0, "type"), "r'\n"), "'conv'", '"r\'\\n"'),
    "an entry of a list": (put(("input", "shape", 0), 3), "[1, 8", "[3, 8"),
    "a list": (put(("input", "shape"), [1, 9, True, 0.5]), "[1, 8, 8]", "[1, 9, true, 0.5]"),
    "a new key": (put(("layers", 0, "bias"), False), '"four"\n', '"four"\n  bias = false\n'),
    "a new key of the file": (put(("title",), "x"), "its name\n", 'its name\ntitle = "x"\n'),
    "a new key at the end": (put(("train", "optimizer", "lr"), 0.1), '"adam"\n', '"adam"\nlr = 0.1\n'),
    "a new table": (put(("layers", 1, "a"), {"b c": [{}]}), "= 3\n", '= 3\na = {"b c" = [{}]}\n'),
    "a layer": (
        insert(("layers", 1), {"type": "flatten", "name": "日"}),
        "# the second",
        '[[layers]]\ntype = "flatten"\nname = "日"\n\n# the second',
    ),
    "without a layer": (
        delete(("layers", 0)),
        TOML[TOML.index("[[") : TOML.index("\n# the second")],
        '# a comment\n# "four"\n',
    ),
    "without the last layer": (delete(("layers", 1)), TOML[TOML.rindex("[[") : TOML.index("[train")], ""),
    "without the last table": (delete(("train", "optimizer")), TOML[TOML.index("[train.") :], ""),
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("edit, before, after", CASES.values(), ids=CASES)
def test_only_that_changes_in_toml(edit, before, after, newline):
    text, before, after = (each.replace("\n", newline) for each in (TOML, before, after))
    assert changed(text, edit) == text.replace(before, after)


NOT_PLACED = {
    "a section as a value": (TOML, put(("input",), {"shape": [1]})),
    "a table that is only named": ("[train.optimizer]\n", put(("train", "epochs"), 3)),
    "comments within": ("x = [ # why\n 1]\n", delete(("x",))),
    "comments within a value": ("x = [ # why\n 1]\n", put(("x",), 3)),
    "keys with dots": ("a.b = 1\na.c = 2\n", delete(("a",))),
    "keys with dots in a line": ("x = {a.b = 1, a.c = 2}\n", delete(("x", "a"))),
    "what is nowhere": (TOML, delete(("layers", 4))),
    "a table that is not there": (TOML, put(("data", "source"), "digits")),
    "twice the same": (TOML, put(("name",), "a"), put(("name",), "b")),
}


@pytest.mark.parametrize("text, edits", [(text, edits) for text, *edits in NOT_PLACED.values()], ids=NOT_PLACED)
def test_what_is_written_otherwise_is_left_alone(text, edits):
    assert changed(text, *edits) is None


INLINE = {
    "the first": ("x = {a = 1, b = 2} # c\n", delete(("x", "a")), "x = {b = 2} # c\n"),
    "the last": ("x = { a = 1, b = 2 }\n", delete(("x", "b")), "x = { a = 1 }\n"),
    "the only one": ("x = {a = 1}\n", delete(("x", "a")), "x = {}\n"),
    "a key with dots": ("x = {a.b = 1, c = 2}\n", delete(("x", "a", "b")), None),
    "a dotted line": ("[x]\na.b = 1\na.c = 2\n", delete(("x", "a", "b")), "[x]\na.c = 2\n"),
    "a new one": ("x = {a=1}\n", put(("x", "b"), "c"), 'x = {a=1, b="c"}\n'),
    "a new one of none": ("x = {}\n", put(("x", "b"), 1), "x = {b = 1}\n"),
    "a new one after dots": ("x = {a.b = 1}\n", put(("x", "c"), 1), "x = {a.b = 1, c = 1}\n"),
    "an entry": ("x = [1, 2] # [\n", delete(("x", 0)), "x = [2] # [\n"),
    "the last entry": ("x = [1, 2]\n", delete(("x", 1)), "x = [1]\n"),
    "an entry with a line": (
        "x = [\n  {a = 1}, # one\n  {a = 2},\n]\n",
        delete(("x", 1)),
        "x = [\n  {a = 1}, # one\n]\n",
    ),
    "its comment stays": (
        "x = [\n  {a = 1}, # one\n  {a = 2}\n]\n",
        delete(("x", 0)),
        "x = [\n  # one\n  {a = 2}\n]\n",
    ),
    "the last, after a comment": ("x = [\n  1, # one\n  2\n]\n", delete(("x", 1)), "x = [\n  1, # one\n  \n]\n"),
    "before an entry": ("x = [1, 2]\n", insert(("x", 1), {"a": 1}), "x = [1, {a = 1}, 2]\n"),
    "before a line": ("x = [\n  1,\n  2\n]\n", insert(("x", 1), 3), "x = [\n  1,\n  3,\n  2\n]\n"),
    "before the first": ("x = [1]\n", insert(("x", 0), 3), "x = [3, 1]\n"),
    "no line at the end": ("[x]\na = 1", put(("x", "b"), 2), "[x]\na = 1\nb = 2"),
    "the only line": ("a = 1", delete(("a",)), ""),
    "nothing yet": ("[x]\n", put(("a",), 1), "a = 1\n\n[x]\n"),
    "a directive stays first": ("#:schema s\n[[x]]\n", insert(("x", 0), {"a": 1}), "#:schema s\n[[x]]\na = 1\n[[x]]\n"),
    "a table within": ("[[x]]\na = 1\n[x.b]\nc = 1\n\n[[x]]\n", delete(("x", 0)), "[[x]]\n"),
}


@pytest.mark.parametrize("text, edit, expected", INLINE.values(), ids=INLINE)
def test_lists_and_tables_of_one_line(text, edit, expected):
    assert changed(text, edit) == expected


JSON = {
    "the first": ('{"a": 1,\n "b": 2}', delete(("a",)), '{\n "b": 2}'),
    "a line": ('{\n  "a": 1,\n  "b": 2\n}\n', delete(("a",)), '{\n  "b": 2\n}\n'),
    "the last line": ('{\n  "a": 1,\n  "b": 2\n}\n', delete(("b",)), '{\n  "a": 1\n}\n'),
    "a new line": ('{\n  "a":1\n}\n', put(("b",), [True]), '{\n  "a":1,\n  "b":[true]\n}\n'),
    "a new one": ('{"a": 1}', put(("b",), None), '{"a": 1, "b": null}'),
    "a new one of none": ("{}", put(("b",), 1), '{"b": 1}'),
    "a key": ('{"a": 1}', rename(("a",), "b"), '{"b": 1}'),
    "a value": ('{"a": [1, {"b": "日"}]}', put(("a", 1, "b"), "本"), '{"a": [1, {"b": "本"}]}'),
    "an ASCII file": ('{"a": "b"}', put(("a",), "本"), '{"a": "\\u672c"}'),
    "an entry": ('{"a": [{},\n  {"b": 1}]}', insert(("a", 1), {"c": 1}), '{"a": [{},\n  {"c": 1},\n  {"b": 1}]}'),
}  # fmt: skip


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("text, edit, expected", JSON.values(), ids=JSON)
def test_json_too(text, edit, expected, newline):
    assert changed(text.replace("\n", newline), edit, name="a.json") == expected.replace("\n", newline)
