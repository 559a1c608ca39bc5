"""What is reported of what rules find: less what is ignored, each cause once, warnings first, and soon."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lint_examples import BODY, HEAD, IN, RELUS, adam, block, conv, layer, train
from work import counted_work

from nbcnn.lint import lint
from nbcnn.network import build, trace
from nbcnn.spec import Diagnostic, InvalidSpec, load, parse

UNIT = block("unit", conv(8, 3, 'name = "c"', "padding = 1"), layer("batch_norm", 'name = "n"', RELUS))
USES = layer("block", 'block = "unit"', 'name = "stage"', "repeat = 5")
BIASED = IN + conv(8, 3, 'name = "a"') + layer("batch_norm", RELUS) + conv(8, 3, 'name = "b"') + layer("batch_norm")


@pytest.fixture
def found(tmp_path: Path) -> Callable[[str], list[Diagnostic]]:
    def find(text: str) -> list[Diagnostic]:
        path = tmp_path / "spec.toml"
        path.write_text(text, encoding="utf-8")
        return lint(build(load(path)))

    return find


def codes(findings: list[Diagnostic]) -> list[tuple[str, int | None]]:
    return [(each.code.value, each.line) for each in findings]


Find = Callable[[str], list[Diagnostic]]


def test_what_a_block_repeats_is_told_once(found: Find) -> None:
    text = IN + USES + HEAD + UNIT
    (finding,) = found(text)
    assert finding.code.value == "NB230" and finding.message.startswith("`stage.0.c`: ")
    assert finding.line == text[: text.index("[[blocks.unit.layers]]")].count("\n") + 2
    assert "the same is true of `stage.1.c`, `stage.2.c`, `stage.3.c` and 1 more" in finding.notes
    (change,) = finding.changes
    assert change.safe and str(change) == 'set bias = false on `c` of block "unit" (line 15)'


def test_a_change_that_would_reach_layers_of_no_fault_is_not_safe(found: Find) -> None:
    uses = layer("block", 'block = "c"', 'name = "one"') + layer("batch_norm", RELUS) + layer("block", 'block = "c"')
    (finding,) = found(IN + uses + layer("relu") + HEAD + block("c", conv(8, 3, 'name = "c"')))
    assert finding.code.value == "NB230"
    assert [change.safe for change in finding.changes] == [False]


def test_codes_are_ignored_everywhere_or_in_layers(found: Find) -> None:
    text = BIASED + HEAD
    assert codes(found(text)) == [("NB230", 4), ("NB230", 12)]
    assert not found(text + '[lint]\nignore = ["NB230"]\n')
    assert codes(found(text + '[lint]\nper_layer_ignores = {a = ["NB230"]}\n')) == [("NB230", 12)]
    assert codes(found(text + '[lint]\nper_layer_ignores = {a = ["NB205"]}\n')) == [("NB230", 4), ("NB230", 12)]
    assert not found(text + '[lint.per_layer_ignores]\na = ["NB230"]\nb = ["NB207", "NB230"]\n')


def test_a_block_can_be_ignored_by_its_name_or_that_of_a_repetition(found: Find) -> None:
    text = IN + USES + HEAD + UNIT
    assert not found(text + '[lint.per_layer_ignores]\nstage = ["NB230"]\n')
    (rest,) = found(text + '[lint.per_layer_ignores]\n"stage.0" = ["NB230"]\n')
    assert rest.message.startswith("`stage.1.c`: ")
    assert not any(change.safe for change in rest.changes)


def test_what_belongs_to_no_layer_is_ignored_by_its_code_alone(found: Find) -> None:
    text = IN + BODY + HEAD + adam("lr = 0.5")
    assert [code for code, _ in codes(found(text))] == ["NB237"]
    assert not found(text + '[lint]\nignore = ["NB237"]\n')


@pytest.mark.parametrize(
    ("table", "code", "column", "message", "cure"),
    [
        ('ignore = ["nb205"]', "NB106", 11, 'such as "NB205"', None),
        ('ignore = ["softmax"]', "NB106", 11, 'such as "NB201"', None),
        ('ignore = ["NB104"]', "NB106", 11, "errors cannot be ignored", None),
        ('ignore = "NB230"', "NB106", 10, "expected a list", None),
        ('ignores = ["NB230"]', "NB103", 1, 'unknown key "ignores"', "the nearest key is ignore"),
        ('per_layer_ignores = {conv9 = ["NB230"]}', "NB117", 22, 'no layer is named "conv9"', 'the nearest is "conv1"'),
        ("per_layer_ignores = {conv1 = [230]}", "NB106", 31, "expected a string", None),
    ],
)
def test_a_wrong_lint_table_is_refused_at_its_place(
    table: str, code: str, column: int, message: str, cure: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "spec.toml"
    text = IN + BODY + HEAD + "[lint]\n"
    path.write_text(text + table + "\n", encoding="utf-8")
    with pytest.raises(InvalidSpec) as error:
        build(load(path))
    (found,) = error.value.diagnostics
    assert (found.code.value, found.line, found.column) == (code, text.count("\n") + 1, column)
    assert message in found.message and (cure or "") in (found.help or "")


def test_warnings_come_first_and_in_the_order_of_layers(found: Find) -> None:
    text = IN + layer("group_norm", "num_groups = 3") + BIASED.removeprefix(IN) + HEAD + train("shuffle = false")
    text += adam("lr = 1.0", "weight_decay = 0.5")
    assert [code for code, _ in codes(found(text))] == ["NB230", "NB230", "NB237", "NB233", "NB238", "NB242"]


def test_nothing_is_said_of_a_spec_with_errors() -> None:
    spec = parse({"input": {"shape": [1, 8, 8]}, "layers": [{"type": "linear", "out_features": 1}]})
    assert [each.severity for each in trace(spec)[1]] == ["error"]


def test_a_spec_of_tables_is_told_without_lines() -> None:
    layers: list[dict[str, Any]] = [{"type": "conv", "out_channels": 8, "kernel_size": 3}, {"type": "batch_norm"}]
    (finding,) = lint(build(parse({"input": {"shape": [1, 12, 12]}, "layers": layers})))
    assert finding.code.value == "NB230" and finding.line is None and finding.changes


LONG: dict[str, list[dict[str, Any]]] = {
    "one like the other": [{"type": "relu"}] * 4_000,
    "all with a fault": [
        {"type": "conv", "out_channels": 4, "kernel_size": 3, "padding": 1},
        {"type": "batch_norm", "activation": "relu"},
    ] * 1_333,
    "dropouts and flattens": [{"type": "dropout"}, {"type": "flatten"}] * 2_000,
    "sigmoids": [{"type": "conv", "out_channels": 4, "kernel_size": 1, "activation": "sigmoid"}] * 2_000,
}  # fmt: skip


@pytest.mark.parametrize("kind", LONG)
def test_thousands_of_layers_take_a_moment(kind: str) -> None:
    """Twice as many take twice the work: nothing is looked at again and again."""

    def lines(layers: list[dict[str, Any]]) -> int:
        network = build(parse({"input": {"shape": [4, 12, 12]}, "layers": layers}))
        with counted_work() as work:
            assert lint(network)
        return work.lines

    half, whole = (lines(LONG[kind][: len(LONG[kind]) // part]) for part in (2, 1))
    assert whole < 2.1 * half
