"""Sentences that nbcnn prints, in other languages: templates in English, and beside each its translation.

The code says everything in English. What it has said is matched as a whole against the templates of a catalogue,
`zh.toml`, of which the most literal comes first; what no template matches stays English.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, reduce
from importlib.resources import files
from itertools import chain, starmap
from string import Formatter
from unicodedata import east_asian_width

from nbcnn.errors import InputError

ENGLISH = "en"
LANGUAGES = (ENGLISH, "zh")
"""English needs no catalogue."""

FRAGMENTS = "fragments"
"""The table of templates that say so little that all others are tried before."""

LONGEST = 2000
"""Characters of a sentence: more are a list of names, and the time to match grows with a power of them."""

_QUOTED = re.compile(r"`[^`]*`|\"(?:[^\"\\]|\\.)*\"|'[^']*'")
_GRAMMAR = re.compile("an?|and|are|as|at|but|by|ha[sv]e?|is|its?|not?|o[fnr]|than|that|th[ei]se?|this|the|to")
"""Words of English sentences that are no key of a spec."""
_PIECE = r"(?:`[^`]*`|\"(?:[^\"\\]|\\.)*\"|[^`\"])"
"""What stands in quotes is not parted."""
_PATTERNS = {
    "data": f"{_PIECE}+?",
    "text": f"{_PIECE}+?",
    "clause": f"(?:(?!: ){_PIECE})+?",
    "tail": f"(?:|[ :;]{_PIECE}*?)",
    "number": r"-?[0-9][0-9.,]*(?:e[-+]?[0-9]+)?%?",
    "word": "[a-z]+",
    "any": ".+?",
}
"""What a slot of a kind holds."""


def is_data(text: str) -> bool:
    """Whether a text holds no sentence: numbers, names, shapes, paths, lists of them, or what stands in quotes."""
    words, before = _QUOTED.sub('""', text).split(), ""
    for word in words if len(words) > 1 else ():
        bare = word.strip("()[],;")
        are_two = bare.isalpha() and before.isalpha() and "x" not in (bare, before)
        if word.endswith(":") or _GRAMMAR.fullmatch(bare) or are_two:
            return False
        before = word
    return True


@dataclass(frozen=True)
class Template:
    """A sentence with slots.

    `{name}` stands for data, which stay as they are, and `{name:number}` for a number; `{name:text}` for a sentence or
    data, `{name:clause}` for one without a colon, `{name:word}` for a single word of either, `{name:tail}` also for
    nothing, and `{name:any}` for anything, as it is. `{is|are}` stands for one of some words, and `{{` for a brace.
    """

    source: str
    translation: str

    @cached_property
    def pieces(self) -> list[tuple[str, str, str]]:
        """Each literal with the name and the kind of the slot after it, which are empty after the last."""
        parsed = Formatter().parse(self.source)
        return [(literal, name or "", (kind or "data") if name else "") for literal, name, kind, _ in parsed]

    @cached_property
    def literals(self) -> list[str]:
        """What is always there."""
        return [literal for literal, *_ in self.pieces if literal]

    @property
    def is_whole(self) -> bool:
        """Whether it is one sentence, without slots."""
        return not any(name for _, name, _ in self.pieces)

    @cached_property
    def slots(self) -> dict[str, str]:
        """The kind of each slot by its name."""
        return {name: kind for _, name, kind in self.pieces if name and "|" not in name}

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        parts = []
        for literal, name, kind in self.pieces:
            parts.append(re.escape(literal))
            if "|" in name:
                parts.append(f"(?:{'|'.join(map(re.escape, name.split('|')))})")
            elif name:
                parts.append(f"(?P<{name}>{_PATTERNS[kind]})")
        return re.compile("".join(parts), re.DOTALL)

    def filled(self, values: Mapping[str, str]) -> str:
        """The translation with what its slots hold."""
        parsed = Formatter().parse(self.translation)
        pieces = ((literal, values[name] if name else "") for literal, name, *_ in parsed)
        return reduce(joined, chain.from_iterable(pieces), "")


class Catalogue:
    """The templates of a language, the most literal first, and after all of them `fragments`, in their order."""

    def __init__(self, sentences: Mapping[str, str], fragments: Mapping[str, str]):
        by_length = sorted(starmap(Template, sentences.items()), key=lambda each: -len("".join(each.literals)))
        self.templates = [*by_length, *starmap(Template, fragments.items())]
        self._whole = {"".join(each.literals): each for each in self.templates if each.is_whole}
        self._others = [(each.pieces[0][0], each) for each in self.templates if not each.is_whole]

    def translate(self, text: str) -> str | None:
        """The text in the language; None where no template has it."""
        if text in self._whole:
            return self._filled(self._whole[text], {})
        for begin, template in self._others:
            if text.startswith(begin) and all(literal in text for literal in template.literals):
                found = template.pattern.fullmatch(text)
                filled = self._filled(template, found.groupdict()) if found else None
                if filled is not None:
                    return filled
        return None

    def _filled(self, template: Template, values: Mapping[str, str]) -> str | None:
        translated = {}
        for name, kind in template.slots.items():
            value = self._slot(kind, values[name])
            if value is None:
                return None
            translated[name] = value
        return template.filled(translated)

    def _slot(self, kind: str, value: str) -> str | None:
        found = self.translate(value) if kind in ("text", "clause", "word", "tail") else None
        return value if found is None and (kind in ("any", "number") or is_data(value)) else found


def joined(before: str, after: str) -> str:
    """Two pieces of a text: a blank between an ideograph and a letter or number, and none beside another ideograph."""
    left, right = before.rstrip(" ")[-1:], after.lstrip(" ")[:1]
    kinds = {east_asian_width(left) in "WF" if left else None, east_asian_width(right) in "WF" if right else None}
    if True not in kinds or None in kinds:
        return before + after
    needs_blank = False in kinds and all(each.isalnum() or each.isascii() for each in (left, right))
    return before.rstrip(" ") + " " * needs_blank + after.lstrip(" ")


@cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of one of the languages but English."""
    text = files(__name__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    fragments = tables.pop(FRAGMENTS)
    return Catalogue({source: words for table in tables.values() for source, words in table.items()}, fragments)


def check(language: str) -> None:
    """Raises InputError for a language that there is not."""
    if language not in LANGUAGES:
        raise InputError(f"there is no language {language[:40]!r}; the languages are {', '.join(LANGUAGES)}")


def translated(text: str, language: str) -> str:
    """A text in a language; in English where the language has no words for it.

    Raises InputError for a language that there is not.
    """
    if language == ENGLISH:
        return text
    check(language)
    return (catalogue(language).translate(text) if len(text) <= LONGEST else None) or text
