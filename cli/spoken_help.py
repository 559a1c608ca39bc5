"""`--help` in the chosen language."""

from collections.abc import Iterable

import click

from .language import ENGLISH, chosen, say
from .text import width

SECOND_COLUMN = 24
"""Where descriptions begin at the latest; beside a longer name they begin in the next line."""


class SpokenFormatter(click.HelpFormatter):
    """Writes what Click does, said in the chosen language; what it has no words for stays English."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or say("Usage: "))

    def write_heading(self, heading: str) -> None:
        self.write(f"{'':{self.current_indent}}{say(f'{heading}:')}\n")

    def write_text(self, text: str) -> None:
        if chosen.get() == ENGLISH:
            return super().write_text(text)
        for number, paragraph in enumerate(text.split("\n\n")):
            self.write("\n" * (number > 0))
            for line in self._lines(said(paragraph), self.current_indent):
                self.write(f"{'':{self.current_indent}}{line}\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        if chosen.get() == ENGLISH:
            return super().write_dl(rows, col_max, col_spacing)
        rows = list(rows)
        column = self.current_indent + min(max(width(name) for name, _ in rows), SECOND_COLUMN) + col_spacing
        for name, text in rows:
            begin = f"{'':{self.current_indent}}{name}"
            first, *others = self._lines(said(text), column)
            fits = width(begin) + col_spacing <= column
            self.write(f"{begin:{column}}{first}\n" if fits else f"{begin}\n{'':{column}}{first}\n")
            self.write("".join(f"{'':{column}}{line}\n" for line in others))

    def _lines(self, text: str, indent: int) -> Iterable[str]:
        from .diagnostics import wrapped

        return wrapped(text, self.width, indent, indent)


class SpokenContext(click.Context):
    formatter_class = SpokenFormatter

    def get_usage(self) -> str:
        """In English as all that Click says of an error in it, for which alone it is asked."""
        token = chosen.set(ENGLISH)
        try:
            return super().get_usage()
        finally:
            chosen.reset(token)


def said(text: str) -> str:
    """A description in the chosen language, with what stands in brackets behind it."""
    sentence, *remarks = text.split("  [")
    words = " ".join(sentence.split())
    bare = words.removesuffix(".")
    found = say(bare)
    spoken = words if found == bare else found + "。" * words.endswith(".")
    return "".join([spoken, *(f"  [{_remark(each.removesuffix(']'))}]" for each in remarks)])


def _remark(text: str) -> str:
    """What stands in a bracket, such as `default: 10; x>=1`."""
    return say("; ").join(map(say, text.split("; ")))


def speaking(command: click.Command) -> click.Command:
    """The command, and those in it, with such a context."""
    command.context_class = SpokenContext
    # Click would shorten it to what fits a line, which has no translation.
    command.short_help = (command.help or "").split("\n\n")[0]
    for each in getattr(command, "commands", {}).values():
        speaking(each)
    return command
