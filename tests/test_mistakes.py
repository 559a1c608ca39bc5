"""docs/mistakes.md has all of tools/mistakes, and what nbcnn prints of it today; other frameworks are not run here."""

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "mistakes.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
FOLDERS = sorted(path.parent for path in (ROOT / "tools" / "mistakes").glob("*/about.toml"))


def writer():
    spec = importlib.util.spec_from_file_location("mistakes_writer", ROOT / "tools" / "mistakes" / "write.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


WRITER = writer()


def test_the_page_has_every_mistake_and_no_path_of_a_machine():
    assert list(SECTIONS) == [mistake.title for mistake in WRITER.mistakes()] and len(SECTIONS) >= 10
    assert not re.search(r"(?<![\w.\]])/(?:tmp|root|home|usr|work|opt)/", PAGE)
    assert re.search(r"PyTorch \d.*Keras \d.*Ludwig \d.*Darknet of AlexeyAB,\s+commit \w+", PAGE, re.DOTALL)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_a_section_shows_its_files_and_what_nbcnn_prints(folder):
    about = tomllib.loads((folder / "about.toml").read_text(encoding="utf-8"))
    blocks = re.findall(r"^```\w+\n(.*?)\n```$", SECTIONS[about["title"]], re.MULTILINE | re.DOTALL)
    for framework, file in WRITER.FILES.items():
        if (folder / file).exists():
            assert (folder / file).read_text(encoding="utf-8").strip() in blocks
            assert framework == "nbcnn" or framework in about["verdicts"]
    printed = WRITER.nbcnn_prints(folder / "in_nbcnn.toml")
    assert printed and blocks[-1] == printed


def test_what_is_left_out_is_marked_once():
    logs, traceback = (
        "WARNING: All log messages before\nI0000 00: x\n",
        "Traceback (most recent call last):\n  File a\n    b\n",
    )
    output = f"{logs}shape\n{traceback}ValueError: c\n  d\n"
    assert list(WRITER.shortened(output, WRITER.LOGS)) == [
        "[...]", "shape", "Traceback (most recent call last):", "[...]", "ValueError: c", "  d",
    ]  # fmt: skip
    assert list(WRITER.shortened("/a/b/lib/nn.py:3: UserWarning: x", WRITER.LOGS)) == ["[...]/nn.py:3: UserWarning: x"]
