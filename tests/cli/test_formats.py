"""`nbcnn validate --format`: each form says what the report says, whatever is in the text."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
from wrong_specs import CONV, IN, LENET, SPEC, layer

from nbcnn.network.fixing import edited
from nbcnn.spec.edits import TextEdit
from nbcnn_cli.main import main

Run = Callable[..., Any]
ODD = 'name = "a|b `c` 日本 <d> *e*"\n'
WRONG = '"😀日" = 1\n' + SPEC.replace("= 3", '= "3" # 😀').replace('"c"', '"c|d"')
WARNED = IN + CONV + "stride = 2\n"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.chdir(tmp_path)

    def write(text: str, name: str = "lenet.toml") -> str:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return name

    return write


def test_several_files_are_a_line_each(nbcnn: Run, write: Callable[..., str]) -> None:
    names = write(SPEC, "a.toml"), write(LENET, "b.toml"), write(WARNED, "c.toml"), write("x = [", "d.toml")
    outcome = nbcnn("validate", *names)
    assert outcome.code == 2
    assert [line.split() for line in outcome.out.splitlines()] == [
        ["file", "params", "MACs", "errors", "warnings"],
        ["a.toml", "20", "648", "0", "0"],
        ["b.toml", "1", "0"],
        ["c.toml", "20", "162", "0", "1"],
        ["d.toml", "1", "0"],
    ]
    shown = re.findall(r"^ *--> (\S+?):", outcome.err, re.MULTILINE)
    assert shown == ["b.toml", "c.toml", "d.toml"] and outcome.err.count("\n\n") == 2
    assert nbcnn("validate", names[0], names[2]).code == 0


def test_json_of_several_files_is_a_list_of_reports(nbcnn: Run, write: Callable[..., str]) -> None:
    names = write(SPEC, "a.toml"), write(LENET, "b.toml"), "missing.toml"
    outcome = nbcnn("validate", *names, "--format", "json")
    assert (outcome.code, outcome.err) == (2, "")
    reports = json.loads(outcome.out)
    assert [report["file"] for report in reports] == list(names)
    assert [len(report["diagnostics"]) for report in reports] == [0, 1, 1]
    alone = nbcnn("validate", names[1], "--format", "json")
    assert json.loads(alone.out) == reports[1]


@pytest.mark.parametrize(("text", "is_json"), [(LENET, False), (json.dumps({"input": {"shape": [1]}}), True)])
def test_standard_input(text: str, is_json: bool, nbcnn: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    class Input:
        buffer = io.BytesIO(b"\xef\xbb\xbf" + text.encode())

    monkeypatch.setattr("sys.stdin", Input)
    outcome = nbcnn("validate", "-", "--format", "json")
    report = json.loads(outcome.out)
    assert outcome.code == 2 and report["file"] == report["diagnostics"][0]["file"] == "-"
    assert report["diagnostics"][0]["code"] == ("NB106" if is_json else "NB104")
    Input.buffer = io.BytesIO(b"\xff")
    outcome = nbcnn("validate", "-")
    assert outcome.code == 2 and "not UTF-8" in outcome.err and outcome.out == ""


def test_strict_counts_warnings(nbcnn: Run, write: Callable[..., str]) -> None:
    name = write(WARNED)
    assert nbcnn("validate", name).code == 0
    outcome = nbcnn("validate", name, "--strict")
    assert outcome.code == 2 and "warning[NB201]" in outcome.err and "conv" in outcome.out
    assert nbcnn("validate", name, "--strict", "--ignore", "NB201").code == 0
    assert nbcnn("validate", write(SPEC), "--strict").code == 0


def test_warnings_are_chosen_by_their_codes(nbcnn: Run, write: Callable[..., str]) -> None:
    name = write(WARNED + "[[blocks.b.layers]]\ntype = 'relu'\n")

    def codes(*options: str) -> list[str]:
        report = json.loads(nbcnn("validate", name, "--format", "json", *options).out)
        return sorted(each["code"] for each in report["diagnostics"])

    assert codes() == codes("--select", "NB2") == codes("--select", "nb201, NB204") == ["NB201", "NB204"]
    assert codes("--ignore", "NB204") == codes("--select", "NB201") == ["NB201"]
    assert codes("--select", "NB2", "--ignore", "NB201", "--ignore", "NB204") == codes("--ignore", "NB2") == []
    name = write(WARNED + "a = 1\n")
    assert codes("--select", "NB204") == ["NB103"]


@pytest.mark.parametrize(("value", "reason"), [("NB104", "is an error"), ("NB9", "begins no code"), ("", "no code")])
def test_codes_that_make_no_sense(value: str, reason: str, nbcnn: Run, write: Callable[..., str]) -> None:
    for option in ("--select", "--ignore"):
        outcome = nbcnn("validate", write(SPEC), option, value)
        assert outcome.code == 2 and reason in outcome.err


def test_markdown_is_a_table_and_what_a_terminal_shows(nbcnn: Run, write: Callable[..., str]) -> None:
    outcome = nbcnn("validate", write(ODD + WARNED), "--format", "markdown", "--explain")
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[0] == r"## a\|b \`c\` 日本 \<d\> \*e\* (lenet.toml)"
    assert lines[2:6] == [
        "| layer | type | output | params | MACs | sees |",
        "| --- | --- | --- | --: | --: | --: |",
        "| input |  | 1x8x8 |  |  |  |",
        "| c | conv | 2x3x3 | 20 | 162 | 3x3 |",
    ]
    assert "- 162 MACs, 342 FLOPs per sample" in lines
    assert "c: rows: floor((8 + 0 + 0 - 3) / 2) + 1 = 3" in lines
    printed = nbcnn("validate", "lenet.toml").err
    assert outcome.out.endswith(f"```text\n{printed}```\n")


def test_markdown_of_a_wrong_spec(nbcnn: Run, write: Callable[..., str]) -> None:
    name = write('"````" = 1\n' + SPEC, "a_b.toml")
    outcome = nbcnn("validate", name, write(LENET), "--format", "markdown")
    first, _, second = outcome.out.partition("\n\n## ")
    printed = nbcnn("validate", name).err
    assert first == r"## a\_b.toml" + f"\n\n`````text\n{printed}`````"
    assert second.startswith("network (lenet.toml)\n\n```text\nerror[NB104]") and second.endswith("\n```\n")


def test_github_annotations_escape_what_github_does(nbcnn: Run, write: Callable[..., str]) -> None:
    name = write("100% = 1\n" + SPEC, "a,b:%.toml")
    outcome = nbcnn("validate", name, "--format", "github")
    assert (outcome.code, outcome.err) == (2, "")
    (line,) = outcome.out.splitlines()
    command, _, message = line.removeprefix("::").partition("::")
    kind, _, given = command.partition(" ")
    properties = dict(each.split("=") for each in given.split(","))
    assert kind == "error" and unescaped(properties["file"]) == name
    assert unescaped(properties["title"]) == "nbcnn NB102" and properties["line"] == "1"
    assert "\n" not in message and unescaped(message).startswith(f"{name}:1:4: not valid TOML")
    assert "%25" in message


def test_github_annotations_have_notes_and_severities(nbcnn: Run, write: Callable[..., str]) -> None:
    lines = SPEC + "padding = [\n1,\n2,\n3]\n"
    names = write(LENET), write(WARNED, "warned.toml"), write(lines, "lines.toml")
    first, second, third = nbcnn("validate", *names, "--format", "github").out.splitlines()
    assert first.startswith("::error file=lenet.toml,line=28,endLine=28,title=nbcnn NB104,col=15,endColumn=18::")
    assert unescaped(first).splitlines()[1:] == [
        "note: input 1x28x28 -> conv1 24x24 -> pool1 12x12 -> conv2 8x8 -> pool2 4x4; flatten gives 16 x 4 x 4 = 256",
        "note: 400 = 16 x 5 x 5, which this stack produces for a 32x32 input",
        "help: delete this line; the value is inferred",
        "help: or set padding = 2 on `conv1` (line 3): 28 -> 28 -> 14 -> 10 -> 5",
    ]
    assert second.startswith("::warning file=warned.toml,") and "NB201" in second
    assert third.startswith("::error file=lines.toml,line=8,")
    outcome = nbcnn("validate", "missing.toml", "--format", "github")
    assert outcome.out.startswith("::error file=missing.toml,title=nbcnn NB101::missing.toml: no such file")


def unescaped(text: str) -> str:
    return unquote(text)


TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
COUNT = {"type": "integer", "minimum": 1}
REGION = {
    "type": "object",
    "required": ["startLine", "startColumn", "endLine", "endColumn"],
    "properties": {"startLine": COUNT, "startColumn": COUNT, "endLine": COUNT, "endColumn": COUNT},
    "additionalProperties": False,
}
ARTIFACT = {
    "type": "object",
    "required": ["uri"],
    "properties": {"uri": {"type": "string", "pattern": r"^[A-Za-z0-9%/._~:-]+$"}},
    "additionalProperties": False,
}
PHYSICAL = {
    "type": "object",
    "required": ["artifactLocation"],
    "properties": {"artifactLocation": ARTIFACT, "region": REGION},
    "additionalProperties": False,
}
REPLACEMENT = {
    "type": "object",
    "required": ["deletedRegion"],
    "properties": {
        "deletedRegion": REGION,
        "insertedContent": {"type": "object", "required": ["text"], "additionalProperties": {"type": "string"}},
    },
    "additionalProperties": False,
}
FIX = {
    "type": "object",
    "required": ["artifactChanges"],
    "properties": {
        "description": TEXT,
        "artifactChanges": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["artifactLocation", "replacements"],
                "properties": {
                    "artifactLocation": ARTIFACT,
                    "replacements": {"type": "array", "minItems": 1, "items": REPLACEMENT},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
RESULT = {
    "type": "object",
    "required": ["ruleId", "ruleIndex", "level", "message", "locations"],
    "properties": {
        "ruleId": {"type": "string", "pattern": r"^NB\d{3}$"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": TEXT,
        "locations": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["physicalLocation"],
                "properties": {"physicalLocation": PHYSICAL},
                "additionalProperties": False,
            },
        },
        "fixes": {"type": "array", "uniqueItems": True, "items": FIX},
    },
    "additionalProperties": False,
}
RULE = {
    "type": "object",
    "required": ["id", "shortDescription"],
    "properties": {"id": {"type": "string"}, "shortDescription": TEXT, "help": TEXT},
    "additionalProperties": False,
}
DRIVER = {
    "type": "object",
    "required": ["name", "version", "rules"],
    "properties": {
        "name": {"const": "nbcnn"},
        "version": {"type": "string"},
        "rules": {"type": "array", "uniqueItems": True, "items": RULE},
    },
    "additionalProperties": False,
}
LOG = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results", "columnKind"],
                "properties": {
                    "tool": {"type": "object", "required": ["driver"], "properties": {"driver": DRIVER}},
                    "results": {"type": "array", "items": RESULT},
                    "columnKind": {"const": "utf16CodeUnits"},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
"""What of SARIF 2.1.0's schema a log of nbcnn uses, with what that requires; nothing else may be in it."""


def sarif(nbcnn: Run, *names: str) -> Any:
    outcome = nbcnn("validate", *names, "--format", "sarif")
    assert outcome.err == ""
    log = json.loads(outcome.out)
    jsonschema.validate(log, LOG)
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    return run


def test_sarif_has_what_its_schema_requires(nbcnn: Run, write: Callable[..., str]) -> None:
    names = write(LENET), write(WARNED, "a b,😀.toml"), "missing.toml", write(SPEC, "fine.toml")
    run = sarif(nbcnn, *names)
    assert [(each["ruleId"], each["level"]) for each in run["results"]] == [
        ("NB104", "error"), ("NB201", "warning"), ("NB101", "error"),
    ]  # fmt: skip
    places = [each["locations"][0]["physicalLocation"] for each in run["results"]]
    assert [unquote(place["artifactLocation"]["uri"]) for place in places] == list(names[:3])
    assert places[0]["region"] == {"startLine": 28, "startColumn": 15, "endLine": 28, "endColumn": 18}
    assert "region" not in places[2]
    assert sarif(nbcnn, "fine.toml")["results"] == []


def test_columns_of_sarif_count_utf_16(nbcnn: Run, write: Callable[..., str], tmp_path: Path) -> None:
    text = 'layers = [{"😀😀" = "日", type = "rleu"}]\n' + IN
    run = sarif(nbcnn, write(text))
    units = text.split("\n")[0].encode("utf-16-le")
    for result in run["results"]:
        region = result["locations"][0]["physicalLocation"]["region"]
        marked = units[2 * region["startColumn"] - 2 : 2 * region["endColumn"] - 2].decode("utf-16-le")
        assert marked in ('"rleu"', '"😀😀"')


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_fixes_of_sarif_are_those_of_the_report(
    newline: str, nbcnn: Run, write: Callable[..., str], tmp_path: Path
) -> None:
    for text in (LENET, WRONG, SPEC + layer("linear", "out_features = 1 # 😀")):
        (tmp_path / "a.toml").write_bytes(text.replace("\n", newline).encode())
        report = json.loads(nbcnn("validate", "a.toml", "--format", "json").out)
        results = sarif(nbcnn, "a.toml")["results"]
        for diagnostic, result in zip(report["diagnostics"], results, strict=True):
            for fix, other in zip(diagnostic["fixes"], result.get("fixes", []), strict=True):
                expected = edited(text.replace("\n", newline), [TextEdit(**edit) for edit in fix["edits"]])
                assert replaced(text.replace("\n", newline), other) == expected
    assert results[0]["fixes"]


def replaced(text: str, fix: Any) -> str:
    """The text with a fix of SARIF made, by its lines and columns in UTF-16."""
    lines = [line.encode("utf-16-le") for line in re.split(r"(?<=\n)", text)]
    starts = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]
    content = b"".join(lines)
    (change,) = fix["artifactChanges"]
    for each in reversed(change["replacements"]):
        region = each["deletedRegion"]
        start = starts[region["startLine"] - 1] + 2 * (region["startColumn"] - 1)
        end = starts[region["endLine"] - 1] + 2 * (region["endColumn"] - 1)
        content = content[:start] + each["insertedContent"]["text"].encode("utf-16-le") + content[end:]
    return content.decode("utf-16-le")


def test_an_unknown_format_is_bad_input(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["validate", "a.toml", "--format", "xml"])
    assert end.value.code == 2 and "sarif" in capfd.readouterr().err
