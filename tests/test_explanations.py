"""Every code has a page, whose example gives exactly that code and whose cure does not."""

import re
import tomllib
from pathlib import Path

import pytest

import nbcnn
from nbcnn.errors import InputError
from nbcnn.explanations import explanation, explanations
from nbcnn.layers.problems import Code

PAGES = Path(nbcnn.__file__).parent / "explanations"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
NOT_BY_A_SPEC = {"NB101": "a file that is not there"}
"""Codes that the text of a spec cannot show: their examples are commands."""
CODES = [code.value for code in Code]


def block(section):
    """The one block of code of a section, its language first."""
    ((language, text),) = BLOCK.findall(section)
    return language, text


def codes(folder, text):
    (folder / "spec.toml").write_text(text, encoding="utf-8")
    return {each["code"] for each in nbcnn.validate(folder / "spec.toml")["diagnostics"]}


def test_pages_are_those_of_the_codes():
    assert {path.stem for path in PAGES.glob("*.md")} == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_page_shows_its_code_and_the_cure(code, tmp_path):
    page = explanation(code)
    assert re.findall("^#+ .*$", BLOCK.sub("", page.text), re.MULTILINE) == [
        f"# {page.title}", "## Cause", "## Example", "## Cure",
    ]  # fmt: skip
    assert page.title and page.cause and not BLOCK.search(page.cause)
    assert all(len(line) <= 132 and line == line.rstrip() for line in page.text.splitlines())
    (language, example), (_, cure) = block(page.example), block(page.cure)
    if code in NOT_BY_A_SPEC:
        assert language == "text"
        return
    assert language == "toml" and block(page.cure)[0] == "toml"
    assert codes(tmp_path, example) == {code}
    left = codes(tmp_path, cure)
    assert code not in left and not any(each.startswith("NB1") for each in left)


def test_names_of_codes():
    assert explanation(" nb104").code == "NB104"
    assert [page.code for page in explanations()] == [code.value for code in Code]
    for name in ("NB999", "", "x" * 100, "../NB104", "NB1O4"):
        with pytest.raises(InputError, match="is not the code of a diagnostic"):
            explanation(name)
    with pytest.raises(InputError, match="the nearest is NB104"):
        explanation("B104")


def test_every_page_is_there_in_chinese():
    for page in explanations():
        chinese = explanation(page.code, "zh")
        for words in (chinese.title, chinese.cause, chinese.cure):
            assert re.search("[\u4e00-\u9fff]", words) and words != page.text
        assert chinese.example == page.example and BLOCK.findall(chinese.text) == BLOCK.findall(page.text)
        assert re.findall("^#+ .*$", BLOCK.sub("", chinese.text), re.MULTILINE) == [
            f"# {chinese.title}", "## 原因", "## 例子", "## 解决",
        ]  # fmt: skip
        quoted = re.compile(r"`([^`]+)`")
        assert set(quoted.findall(chinese.cause)) == set(quoted.findall(page.cause)), page.code


def test_no_page_in_chinese_is_of_no_code():
    words = tomllib.loads((PAGES / "zh.toml").read_text(encoding="utf-8"))
    assert set(words) == {"headings", *CODES} and all(set(words[code]) == {"title", "cause", "cure"} for code in CODES)
