"""The files of a spec as they were read, and where in them a value stands."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from nbcnn.layers.problems import Code
from nbcnn.spec.diagnostics import Change, Diagnostic, Remark
from nbcnn.spec.edits import TextEdit
from nbcnn.spec.places import Path, dotted, echo, quoted

if TYPE_CHECKING:
    from nbcnn.spec.positions import Span, Spot

STANDARD_INPUT = "-"
"""The name of a text that stands in no file."""
MOST_SHOWN = 400
"""Characters of a line that a diagnostic carries; a file of one line may be long."""
_VARIABLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]{0,63})")


@dataclass(frozen=True)
class Source:
    """One file, as the user named it, and its text."""

    file: str
    text: str = field(repr=False)

    @property
    def is_json(self) -> bool:
        from_input = self.file == STANDARD_INPUT and self.text.lstrip().startswith("{")  # as no TOML text does
        return from_input or self.file.lower().endswith(".json")

    @cached_property
    def root(self) -> "Spot":
        from nbcnn.spec.positions import positions  # here, because a spec without a fault needs no positions

        return positions(self.text, is_json=self.is_json)

    @property
    def end(self) -> "Span":
        """Where its text ends: of JSON the bracket that ends it."""
        last = len(self.text.rstrip())
        return (last - 1, last) if self.is_json else (last, last + 1)

    @cached_property
    def newline(self) -> str:
        """How its lines end."""
        return "\r\n" if "\r\n" in self.text else "\n"

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.text))]

    def line(self, offset: int) -> int:
        return bisect_right(self._starts, offset)

    def place(self, diagnostic: Diagnostic, span: "Span") -> Diagnostic:
        """The diagnostic with the position of a span, and the line that it is in."""
        start, end = span
        line, end_line = self.line(start), self.line(max(start, end - 1))
        first = self._starts[line - 1]
        # Looked for, and not in a copy of the rest: a long file may have thousands of findings.
        last = self.text.find("\n", start)
        text = self.text[first : None if last < 0 else last].rstrip("\r\n")
        skipped = max(0, min(start - first - MOST_SHOWN // 4, len(text) - MOST_SHOWN))
        return replace(
            diagnostic,
            file=self.file,
            line=line,
            column=start - first + 1,
            end_line=end_line,
            end_column=end - self._starts[end_line - 1] + 1,
            source=text[skipped : skipped + MOST_SHOWN],
            source_column=skipped + 1,
        )

    def edit(self, start: int, end: int, text: str) -> TextEdit:
        """Other text for a part of this one."""
        line, end_line = self.line(start), self.line(end)
        columns = start - self._starts[line - 1] + 1, end - self._starts[end_line - 1] + 1
        return TextEdit(self.file, start, end, line, columns[0], end_line, columns[1], text)

    def span(self, line: int, column: int) -> "Span":
        """What stands at a position that a parser gave: a word, a character, or the end of the line."""
        start = min(self._starts[min(line, len(self._starts)) - 1] + column - 1, len(self.text))
        found = re.compile(r"[A-Za-z0-9_-]+|[^\r\n]").match(self.text, start)
        return (start, found.end() if found else start + 1)


@dataclass(frozen=True)
class Sources:
    """The file that was asked for first, then the one that it extends, and so on; `document` is what they say together.

    `overridden` are the paths whose values come from elsewhere. There are no files where tables were given, which may
    have a name nevertheless.
    """

    files: tuple[Source, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)
    overridden: tuple[Path, ...] = ()
    name: str | None = None

    @property
    def file(self) -> str | None:
        return self.files[0].file if self.files else self.name

    def locate(self, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
        """The diagnostics with file, line and column, as far as these are known."""
        return [each if each.file else self._located(each) for each in diagnostics]

    def _located(self, diagnostic: Diagnostic) -> Diagnostic:
        notes = [*diagnostic.notes]
        path = diagnostic.path
        override = self._override(path) if path else None
        if override is not None and path is not None and len(override) <= len(path):
            path = override[:-1]
        if override is not None:
            notes.insert(0, f"{dotted(override)} comes from an override and does not stand in the file")
        placed = replace(diagnostic, file=self.file)
        found = self.find(path) if path else None
        if found is not None and path:
            source, span = found[0], self._span(*found, path, diagnostic.at_key and override is None)
            placed = source.place(diagnostic, span)
            notes += self._variables(source.text[slice(*span)], diagnostic)
            notes += self._uses(diagnostic)
            notes += self._extensions(source)
        elif self.files and override is None and (path or diagnostic.code is Code.MISSING_KEY):
            # Of a table that is not written, or whose defaults are at fault: it would stand at the end.
            placed = self.files[0].place(replace(diagnostic, label=None), self.files[0].end)
        return replace(placed, notes=tuple(map(self._filled, notes)), cures=tuple(map(self._cure, diagnostic.cures)))

    def _override(self, path: Path) -> Path | None:
        """The override that gave the value at a path, or else the first that made a table there."""
        for each in self.overridden:
            is_made = each[: len(path)] == path and self.find(path) is None
            if path[: len(each)] == each or is_made:
                return each
        return None

    def find(self, path: Path) -> "tuple[Source, Spot, int] | None":
        """The file and the last value on the way to a path that is written there, and its depth; None for no key."""
        here = [(source, source.root) for source in self.files]
        for depth, part in enumerate(path):
            below = [(source, spot.below[part]) for source, spot in here if part in spot.below]
            if not below:
                return (*here[0], depth) if depth else None
            # Tables are merged with those of the files below; any other value replaces what stands there.
            last = next((number for number, (_, spot) in enumerate(below) if not spot.is_table), len(below))
            here = below[: max(last, 1)]
        return (*here[0], len(path))

    def _span(self, source: Source, spot: "Spot", depth: int, path: Path, at_key: bool) -> "Span":
        """The narrowest text that stands for what is at a path, or for the table where it is missing."""
        if at_key and depth == len(path) and spot.key:
            return spot.key
        if spot.is_table and "type" in spot.below:
            return spot.below["type"].span
        start, end = spot.span
        is_inline = spot.is_table and source.text.startswith("{", start)
        if is_inline or source.line(start) != source.line(end - 1):
            return spot.key or (start, start + 1)
        return start, end

    def _cure(self, cure: str | Remark | Change) -> str | Change:
        if not isinstance(cure, Change):
            return self._filled(cure)
        from nbcnn.spec.editing import text_edits  # here, as are positions

        return replace(cure, remark=self._filled(cure.remark), text_edits=text_edits(self, cure.edits))

    def _filled(self, remark: str | Remark) -> str:
        """A remark with the line of the path in it."""
        return remark if isinstance(remark, str) else remark.text(self._position(remark.path))

    def _position(self, path: Path) -> str | None:
        """`line 8`, or in another file than the first `base.toml:8`."""
        found = self.find(path) if path else None
        if found is None or found[2] < len(path):
            return None
        source, spot, _ = found
        line = source.line((spot.key or spot.span)[0])
        return f"line {line}" if source is self.files[0] else f"{source.file}:{line}"

    def _uses(self, diagnostic: Diagnostic) -> Iterator[Remark]:
        """Through which layers the block came in which it is written, the innermost first."""
        for use in reversed(diagnostic.place.uses if diagnostic.place else ()):
            yield Remark(f"in block {quoted(use.block)}, used by `{use.name}`", use.path)

    def _extensions(self, source: Source) -> Iterator[str]:
        """How the file of a value came to be read."""
        if source is self.files[0]:
            return
        for above, below in pairwise(self.files):
            spot = above.root.below.get("extends")
            if spot:
                yield f"{above.file}:{above.line(spot.span[0])} extends {below.file}"
            if below is source:
                return

    def _variables(self, text: str, diagnostic: Diagnostic) -> Iterator[Remark]:
        """What the variables in a text stand for, and where that is written."""
        uses = diagnostic.place.uses if diagnostic.place else ()
        for name in dict.fromkeys(_VARIABLE.findall(text)):
            paths: list[Path] = [("vars", name)]
            if uses:
                paths = [(*uses[-1].path, "with", name), ("blocks", uses[-1].block, "parameters", name), *paths]
            for path in paths:
                value = self._value(path)
                if value is not None:
                    yield Remark(f"${name} is {echo(value)}", path)
                    break

    def _value(self, path: Path) -> Any:
        value: Any = self.document
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value
