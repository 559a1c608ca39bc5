"""Habits of other languages and formats are told by what to write in their place."""

import pytest
from wrong_specs import CONV, IN, SPEC

import nbcnn
from nbcnn.spec import InvalidSpec

CURES = {
    "bias = True": "write true",
    "bias = False # no": "write false",
    "activation = None": "delete this line; what is left out has its default",
    "stride = (1, 2)": "a list stands in square brackets: [1, 2]",
    "padding = same": 'write it in quotes: "same"',
    "padding: 1": "write = in the place of :",
    "padding == 1": "write one = alone",
    "padding = 1,": "delete the ,",
    "padding = 1;": "delete the ;",
    "padding = “same”": "write straight quotes",
    "// padding": "a comment begins with #",
    "eps = .001": "write 0.001",
    "eps = 1.": "write 1.0",
    "p = 50%": "write a share, from 0 to 1",
    'padding = "same': "end the string with a quote",
    "padding =": "give a value, or delete this line",
    "[[layers]": "end the header with two brackets",
    "[train": "end the header with a bracket",
    "- type: relu": "this is YAML's way; a list of tables has a header for each: [[layers]]",
    "a = {b = 1, }": "delete the comma before the bracket",
    "a = {": "write all of {...} on one line, or the table with a header of its own: [name]",
    "a = 1 b": "correct this line",
}
TEXTS = {
    "import torch\n": "a spec is TOML or JSON, no program",
    '{\n  "input": {"shape": [1, 8, 8]}\n}\n': "this is JSON: let the file's name end in .json",
    "input:\n  shape: [1, 8, 8]\n": "this is YAML's way: write [input] for `input:`, and `=` for `:`",
    CONV: "add it: [input], and below it shape = [1, 28, 28]: channels, then one, two or three sizes",
    IN: 'add it: [[layers]], and below it type = "conv" and its other keys, once for each layer',
    SPEC + "[train]\nlearning_rate = 1\n": "lr stands in [train.optimizer]",
    SPEC + "[optimizer]\nlr = 1\n": "optimizer stands in [train]",
    "input = [1, 8, 8]\n" + CONV: "write it as a table: input = {shape = [1, 8, 8]}",
    'data = "digits"\n' + SPEC: 'write it as a table: data = {source = "digits"}',
}


@pytest.mark.parametrize("text", [*(SPEC + line + "\n" for line in CURES), *TEXTS], ids=[*CURES, *TEXTS])
def test_a_habit_has_its_cure(text: str) -> None:
    with pytest.raises(InvalidSpec) as raised:
        nbcnn.load_spec("net.toml", text=text)
    assert (
        raised.value.diagnostics[0].help == ({SPEC + line + "\n": cure for line, cure in CURES.items()} | TEXTS)[text]
    )


def test_a_byte_order_mark_is_no_fault() -> None:
    assert nbcnn.load_spec("net.toml", text="\ufeff" + SPEC) == nbcnn.load_spec("net.toml", text=SPEC)
