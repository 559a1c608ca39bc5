"""What nbcnn says about specs is said in Chinese as a whole, and the catalogue holds nothing that nobody says."""

import json
import os
import random
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Any

import click
import pytest
from lint_examples import EXAMPLES
from mutations import KINDS, mutated
from spoken_sentences import spoken
from wrong_specs import JSON, TOML

from nbcnn import api
from nbcnn.errors import InputError
from nbcnn.languages import LANGUAGES, Catalogue, Template, catalogue, is_data, translated
from nbcnn.lint import lint
from nbcnn.network import build
from nbcnn.spec import InvalidSpec, load

ROOT = Path(__file__).parents[2]
CATALOGUE = catalogue("zh")
FIRST, _, LAST = os.environ.get("NBCNN_MUTATIONS", "150").rpartition(":")
SEEDS = range(int(FIRST or 0), int(LAST))
MARKS = re.compile("[«»]")
IDEOGRAPH = re.compile(r"[\u4e00-\u9fff]")


def sentences(found: Mapping[str, Any]) -> Iterator[str]:
    """All that is said in a diagnostic of a report."""
    yield found["message"]
    if found["label"]:
        yield found["label"]
    yield from found["notes"]
    yield from found["helps"]
    yield from (fix["help"] for fix in found["fixes"])


def said_of(path: Path) -> list[str]:
    report = api.validate(path, explain=True)
    said = [text for each in report["diagnostics"] for text in sentences(each)]
    return said + [f"{layer['name']}: {line}" for layer in report["layers"] for line in layer["arithmetic"]]


def of_wrong_specs(folder: Path) -> Iterator[str]:
    for name, cases in (("wrong.toml", TOML), ("wrong.json", JSON)):
        for marked, *_ in cases.values():
            (folder / name).write_text(MARKS.sub("", marked), encoding="utf-8")
            yield from said_of(folder / name)


def of_lint_examples(folder: Path) -> Iterator[str]:
    for example in EXAMPLES.values():
        for text in (example.wrong, example.near):
            path = folder / "spec.toml"
            path.write_text(MARKS.sub("", text), encoding="utf-8")
            try:
                found = lint(build(load(path), lambda network: 96 << 20), example.surroundings)
            except InvalidSpec as error:
                found = list(error.diagnostics)
            yield from (text for each in found for text in sentences(each.as_dict()))


def of_mutations(folder: Path) -> Iterator[str]:
    for seed in SEEDS:
        where = folder / str(seed)
        where.mkdir()
        yield from said_of(mutated(random.Random(seed), where, KINDS))


def of_shipped_specs(folder: Path) -> Iterator[str]:
    for path in sorted((ROOT / "specs").glob("*.toml")):
        yield from said_of(path)


SOURCES = (of_wrong_specs, of_lint_examples, of_mutations, of_shipped_specs)


@pytest.fixture(autouse=True)
def without_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Laying out a plan says one number, and takes most of the time."""
    monkeypatch.setattr(api, "_training_bytes", lambda network: 1 << 30)


@pytest.mark.parametrize("source", SOURCES)
def test_every_sentence_has_its_translation(source: Any, tmp_path: Path) -> None:
    """Slots hold data alone, so that a template that matches leaves no English sentence."""
    left = []
    for text in dict.fromkeys(source(tmp_path)):
        words = CATALOGUE.translate(text)
        shown = words is not None and (IDEOGRAPH.search(words) or is_data(words))
        if not shown and re.search("[a-z]{2}", text):
            left.append(text)
    assert not left


def test_every_sentence_of_the_code_has_its_translation() -> None:
    """Also those that no spec at hand brings about."""
    left = [f"{place}: {text}" for place, text in spoken() if CATALOGUE.translate(text) is None]
    assert not left


def test_what_is_no_sentence_is_data() -> None:
    for text in (
        "3",
        "6 x 12 x 12",
        "`conv1`",
        '"a b"',
        "[1, 2]",
        "x, y, z",
        "input 1x28x28 -> conv1 24x24",
        "1.5 GiB",
    ):
        assert is_data(text)
    for text in ("a window", "the 3", "rows of 4", "no such file", "`a` and `b`", "conv1: 3", "takes part"):
        assert not is_data(text)


class Counting(Catalogue):
    """Notes which templates were of use."""

    def __init__(self, tables: Mapping[str, Mapping[str, str]]):
        rest = {
            source: words for name, table in tables.items() if name != "fragments" for source, words in table.items()
        }
        super().__init__(rest, tables["fragments"])
        self.used: set[Template] = set()

    def _filled(self, template: Template, values: Mapping[str, str]) -> str | None:
        filled = super()._filled(template, values)
        if filled is not None:
            self.used.add(template)
        return filled


def test_every_template_is_of_use(tmp_path: Path) -> None:
    """It translates something of the specs at hand, or its words stand in the code, or in Python's parsers."""
    counting = Counting(tomllib.loads((ROOT / "nbcnn/languages/zh.toml").read_text(encoding="utf-8")))
    for source in SOURCES:
        for text in source(tmp_path):
            counting.translate(text)
    paths = [*(ROOT / "nbcnn").rglob("*.py"), *(ROOT / "cli").glob("*.py")]
    paths += [Path(tomllib.__file__).parent / "_parser.py", Path(json.__file__).parent / "decoder.py"]
    paths += Path(click.__file__).parent.glob("*.py")
    code = "\n".join(path.read_text(encoding="utf-8") for path in paths).lower()
    code = re.sub(r"[\"']\s*\n\s*f?[\"']", "", code)  # strings that go on in the next line
    unused = [each.source for each in {*counting.templates} - counting.used if not in_code(each, code)]
    assert not sorted(unused)


def in_code(template: Template, code: str) -> bool:
    """Whether three words in a row of a template stand in the code, or all where it has fewer."""
    for literal in template.literals:
        words = literal.lower().split()
        if len(words) > 1 and any(" ".join(words[at : at + 3]) in code for at in range(max(1, len(words) - 2))):
            return True
    return max(template.literals, key=len).strip().lower() in code


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_both_sides_have_the_same_slots(language: str) -> None:
    for template in catalogue(language).templates:
        names = {name for _, name, *_ in Formatter().parse(template.translation) if name}
        assert names == {*template.slots}, template.source
        assert template.translation and not template.translation.startswith(" ")


def test_what_has_no_translation_stays_english() -> None:
    assert translated("nobody says this", "zh") == "nobody says this"
    assert translated("the last 1 of 5 rows " * 1000, "zh").startswith("the last")
    assert translated("nobody says this", "en") == "nobody says this"
    for speak in (lambda: translated("a table", "tlh"), lambda: api.explain("NB104", "tlh")):
        with pytest.raises(InputError, match="there is no language 'tlh'; the languages are en, zh"):
            speak()


def test_names_and_values_stay_as_they_are() -> None:
    assert translated('`卷积 a`: unknown key "与 b"', "zh") == '`卷积 a`：未知的键 "与 b"'
    assert translated("`c`: a window of 5 does not fit 4 rows", "zh") == "`c`：大小为 5 的窗口放不进 4 行"
    assert translated("or set padding = 2 on `conv1` (line 3): 32 -> 28", "zh") == (
        "或请把 `conv1` 的 padding 设为 2（第 3 行）：32 -> 28"
    )
