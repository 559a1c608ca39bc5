"""What each code of a diagnostic means: one page a code, NB101.md and so on, with an example and its cure."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files

from nbcnn.errors import InputError
from nbcnn.languages import ENGLISH, check
from nbcnn.layers.problems import Code
from nbcnn.spec.names import nearest


@dataclass(frozen=True)
class Explanation:
    """A page: `text` is all of it, in Markdown; `example` is a spec that gives the code, `cure` one that does not."""

    code: str
    title: str
    cause: str
    example: str
    cure: str
    text: str

    def as_dict(self) -> dict[str, str]:
        """The object that `nbcnn explain --format json` prints."""
        return asdict(self)


@cache
def explanation(code: str, language: str = ENGLISH) -> Explanation:
    """What a code means, in capitals or not; in English where the language has no page.

    Raises InputError for a code or a language that there is not.
    """
    check(language)
    known = [each.value for each in Code]
    name = code.strip().upper()
    if name not in known:
        close = nearest(name.lower(), [each.lower() for each in known])
        advice = f"the nearest is {str(close).upper()}" if close else "the codes are listed by `nbcnn explain`"
        raise InputError(f"{code[:40]!r} is not the code of a diagnostic; {advice}")
    text = files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")
    title, *sections = re.split(r"^## (?:Cause|Example|Cure)\n", text, flags=re.MULTILINE)
    cause, example, cure = map(str.strip, sections)
    page = Explanation(name, title.removeprefix("# ").strip(), cause, example, cure, text)
    words = None if language == ENGLISH else _words(language).get(name)
    return _in_words(page, _words(language)["headings"], words) if words else page


@cache
def _words(language: str) -> dict[str, dict[str, str]]:
    """Title, cause and cure of each code, and what the sections are called."""
    return tomllib.loads(files(__name__).joinpath(f"{language}.toml").read_text(encoding="utf-8"))


def _in_words(page: Explanation, headings: Mapping[str, str], words: Mapping[str, str]) -> Explanation:
    """A page with other words around the same examples."""
    cure = f"{words['cure']}\n\n{page.cure[page.cure.index('```') :]}"
    sections = {"cause": words["cause"], "example": page.example, "cure": cure}
    text = "".join(f"\n## {headings[name]}\n\n{section}\n" for name, section in sections.items())
    return Explanation(page.code, words["title"], **sections, text=f"# {words['title']}\n{text}")


def explanations(language: str = ENGLISH) -> list[Explanation]:
    """Those of all codes, in their order."""
    return [explanation(code.value, language) for code in Code]
