"""`--lang zh` and NBCNN_LANG: the same output, said in Chinese."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from nbcnn.languages import LANGUAGES
from nbcnn_cli import language
from nbcnn_cli.diagnostics import wrapped
from nbcnn_cli.main import command
from nbcnn_cli.spoken_help import said
from nbcnn_cli.text import print_table, width
from nbcnn_cli.verbs import VERBS

Run = Callable[..., Any]
ROOT = Path(__file__).parents[2]
WRONG = """[input]
shape = [1, 28, 28]
[[layers]]
type = "conv"
out_channels = 6
kernal_size = 5
[[layers]]
type = "linear"
in_features = 400
out_features = 10
"""
TWO_WORDS = re.compile(r"(?<![\w./-])[a-z]+ (?!x )[a-z]+(?![\w./-])")
"""Of English in what is said; what is quoted or code is taken out before."""

OPENING, CLOSING = tuple("（“[("), tuple("，。；：、？！）”])")


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    path = tmp_path / "wrong.toml"
    path.write_text(WRONG)
    return path


def english(text: str) -> list[str]:
    code = r"`[^`]*`|\"[^\"]*\"|\([a-z_]+\)|^.*\|.*$|^input .*$"
    return TWO_WORDS.findall(re.sub(code, "", text, flags=re.MULTILINE))


def test_languages_are_those_of_the_library() -> None:
    assert language.LANGUAGES == LANGUAGES


def test_before_and_after_the_verb_and_by_the_environment(
    nbcnn: Run, wrong: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = nbcnn("validate", wrong)
    after = nbcnn("validate", wrong, "--lang", "zh")
    assert after.code == plain.code == 2 and '未知的键 "kernal_size"' in after.err and not english(after.err)
    assert nbcnn("--lang", "zh", "validate", wrong) == after
    assert nbcnn("validate", wrong) == plain, "the choice ends with the command"
    monkeypatch.setenv("NBCNN_LANG", "zh")
    assert nbcnn("validate", wrong) == after
    assert nbcnn("validate", wrong, "--lang", "en") == nbcnn("--lang", "en", "validate", wrong) == plain
    monkeypatch.setenv("NBCNN_LANG", "klingon")
    assert nbcnn("validate", wrong).code == 2


def test_json_says_the_same_with_other_words(nbcnn: Run, wrong: Path) -> None:
    plain, chinese = (
        json.loads(nbcnn("validate", wrong, "--format", "json", "--lang", each).out) for each in LANGUAGES
    )
    for before, after in zip(plain.pop("diagnostics"), chinese.pop("diagnostics"), strict=True):
        for key in ("message", "label", "notes", "help", "helps", "fixes"):
            one, other = before.pop(key), after.pop(key)
            assert one != other or not one or key in ("notes", "label")
            assert re.findall(r"\d+", str(one)) == re.findall(r"\d+", str(other)) or key == "fixes"
        assert before == after
    assert plain == chinese


@pytest.mark.parametrize("output", ["text", "json", "markdown", "github", "sarif"])
def test_every_format_follows(nbcnn: Run, wrong: Path, output: str) -> None:
    outcome = nbcnn("validate", wrong, "--format", output, "--lang", "zh")
    said = outcome.out + outcome.err
    if output in ("json", "sarif"):
        said = json.dumps(json.loads(said), ensure_ascii=False)
    assert "未知的键" in said and "unknown key" not in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate", "specs/resnet18.toml"],
        ["validate", "specs/lenet5.toml", "--explain"],
        ["validate", "specs/lenet5.toml", "specs/nin.toml"],
        ["validate", "specs/unet.toml", "--format", "markdown", "--explain"],
        ["rf", "specs/resnet18.toml", "--layer", "layer1.0.conv1"],
        ["rf", "specs/resnet18.toml", "--layer", "fc"],
        ["diff", "specs/resnet18.toml", "specs/resnet34.toml"],
        ["diff", "specs/resnet18.toml", "specs/resnet34.toml", "--format", "markdown"],
        ["diff", "specs/resnet18.toml", "specs/resnet18.toml"],
        ["fix", "specs/lenet5.toml", "--diff"],
        ["step", "specs/lenet5.toml", "--layer", "C3", "--weight", "0,0,0,0", "--values", ",".join(["1"] * 784)],
        ["step", "specs/lenet5.toml", "--layer", "C1", "--unit", "0,0,0", "--values", ",".join(["1"] * 784)],
        ["step", "specs/lenet5.toml", "--layer", "S2", "--values", ",".join(["1"] * 784)],
        ["step", "specs/lenet5.toml", "--layer", "nowhere"],
        ["explain", "NB1O4"],
    ],
    ids=lambda each: " ".join(each[:3]),
)
def test_no_english_sentence_is_left(nbcnn: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    monkeypatch.chdir(ROOT)
    outcome = nbcnn(*arguments, "--lang", "zh")
    assert not english(outcome.out + outcome.err)
    assert re.search("[\u4e00-\u9fff]", outcome.out + outcome.err)


def test_carets_stand_below_what_is_wide(nbcnn: Run, tmp_path: Path) -> None:
    path = tmp_path / "wide.toml"
    path.write_text('name = "网络"\n[input]\nshape = [1, 8, 8]\n[[layers]]\ntype = "卷积"  # 层\n')
    lines = nbcnn("validate", path, "--lang", "zh").err.splitlines()
    (source,) = [line for line in lines if "卷积" in line and "|" in line]
    carets = lines[lines.index(source) + 1]
    assert width(source[: source.index('"卷')]) == carets.index("^") and carets.count("^") == width('"卷积"')


def test_columns_of_tables_stand_below_each_other(nbcnn: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    head, *rows = nbcnn("validate", "specs/lenet5.toml", "--lang", "zh").out.splitlines()[:8]
    kinds = width(head[: head.index("类型")])
    assert all(row[: row.index("conv")] and width(row[: row.index("conv")]) == kinds for row in rows if " conv " in row)


def test_a_table_of_wide_cells(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("t", ("a", ">b"), [("层", "1"), ("xyz", "全部")])
    assert capsys.readouterr().out.splitlines() == ["a       b", "层      1", "xyz  全部"]


def test_lines_are_wrapped_by_their_width() -> None:
    text = "大小为 5 的窗口放不进 4 行，请把它移到 flatten 层之前；请检查 kernel_size 的值。" * 3
    lines = wrapped(text, 40, 4, 4)
    assert all(20 < width(line) <= 36 for line in lines[:-1])
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert not any(line[0] in "，。；" for line in lines)


def test_every_verb_has_its_line(nbcnn: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = nbcnn("--lang", "zh", "--help").out.splitlines()
    for verb in VERBS:
        (line,) = [each for each in lines if each.startswith(f"  {verb} ")]
        assert re.search("[\u4e00-\u9fff]", line) and width(line) <= 80
    after, english_help = nbcnn("train", "--lang", "zh", "--help").out, nbcnn("train", "--help").out
    assert "训练配置中的网络" in after and "Train the network" in english_help
    monkeypatch.setenv("NBCNN_LANG", "zh")
    assert nbcnn("train", "--help").out == after


def all_commands() -> Iterator[tuple[list[str], click.Command]]:
    """The command, its verbs and theirs, each with the words that call it."""
    context = click.Context(command)
    yield [], command
    for verb in VERBS:
        found = command.get_command(context, verb)
        assert found
        yield [verb], found
        yield from (([verb, name], each) for name, each in getattr(found, "commands", {}).items())


def has_chinese(text: str) -> bool:
    return bool(re.search("[\u4e00-\u9fff]", text))


def test_every_description_has_its_translation() -> None:
    context, descriptions = click.Context(command), {"Options:", "Commands:"}
    for _, each in all_commands():
        descriptions.update((each.help or "").split("\n\n"))
        records = (parameter.get_help_record(context) for parameter in each.get_params(context))
        descriptions.update(record[1] for record in records if record)
    descriptions.discard("")
    token = language.chosen.set("zh")
    try:
        spoken = [said(each) for each in descriptions]
    finally:
        language.chosen.reset(token)
    pieces = [piece for each in spoken for piece in re.split(r"  \[|；", each)]
    assert not [each for each in pieces if english(each) or not has_chinese(each) and re.search("[a-z]{2}", each)]
    assert all(map(has_chinese, spoken)) and len(spoken) > 70


@pytest.mark.parametrize("columns", [50, 80])
def test_help_is_chinese_and_no_line_begins_with_a_closing_mark(
    nbcnn: Run, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for words, _ in all_commands():
        _, *lines = nbcnn("--lang", "zh", *words, "--help").out.splitlines()
        assert "选项：" in lines and not english("\n".join(lines))
        wrong_ones = [each for each in lines if each.lstrip()[:1] in CLOSING or each[-1:] in OPENING]
        assert not wrong_ones and all(width(each) <= 80 for each in lines), words


def test_usage_errors_are_english_altogether(nbcnn: Run) -> None:
    for arguments in (["validate", "--nonsense"], ["rf"], ["nonsense"]):
        outcome = nbcnn("--lang", "zh", *arguments)
        assert outcome == nbcnn(*arguments) and outcome.err.startswith("Usage: ")


def test_english_loads_no_catalogue() -> None:
    program = (
        "import sys\nfrom nbcnn_cli.main import main\ntry: main(['validate', 'specs/lenet5.toml'])\n"
        "except SystemExit: pass\nprint('nbcnn.languages' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "False"


def test_a_table_of_what_is_not_translated_is_english_altogether(nbcnn: Run) -> None:
    assert nbcnn("data", "check", "digits", "--lang", "zh").out == nbcnn("data", "check", "digits").out


def test_where_ideographs_cannot_be_written_it_speaks_english() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "nbcnn_cli", "validate", "--lang", "zh", "specs/lenet5.toml"],
        cwd=ROOT, capture_output=True, text=True, env=os.environ | {"PYTHONIOENCODING": "ascii"}
    )  # fmt: skip
    assert run.returncode == 0 and "5 layers with weights" in run.stdout
