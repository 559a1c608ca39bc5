"""The language in which the command speaks: English, or what `--lang` or the variable NBCNN_LANG asks for."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any, TypeVar

import click

ENGLISH = "en"
LANGUAGES = (ENGLISH, "zh")
VARIABLE = "NBCNN_LANG"

Command = TypeVar("Command", bound=Callable[..., Any] | click.Command)

chosen: ContextVar[str] = ContextVar("chosen", default=ENGLISH)


def language_option(command: Command, variable: str | None = None) -> Command:
    """`--lang`, before or after the verb; before it the environment's variable counts as well."""
    return click.option(
        "--lang",
        type=click.Choice(LANGUAGES),
        envvar=variable,
        expose_value=False,
        is_eager=True,
        callback=_choose,
        help="Language of what is printed.  [default: $NBCNN_LANG, else en]",
    )(command)


def by_environment() -> str:
    """The language that the environment asks for, known before an option is read: `--help` comes first."""
    wanted = os.environ.get(VARIABLE, ENGLISH)
    return wanted if wanted in LANGUAGES and _can_write("中") else ENGLISH


def _choose(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        chosen.set(value if _can_write("中") else ENGLISH)


def _can_write(text: str) -> bool:
    """Whether the encodings of output and errors have a text."""
    try:
        for stream in (sys.stdout, sys.stderr):
            text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def say(text: str) -> str:
    """A text of the command in the chosen language."""
    if chosen.get() == ENGLISH:
        return text
    from nbcnn import api

    return api.translated(text, chosen.get())


def headings(*names: str) -> tuple[str, ...]:
    """Names of a table's columns in the chosen language; a ">" before a name stays."""
    return tuple(f"{'>' * name.startswith('>')}{say(name.lstrip('>'))}" for name in names)


def in_language(diagnostics: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Diagnostics as a report holds them, their sentences in the chosen language."""
    return [
        {**each, **{key: say(each[key]) for key in ("message", "label", "help") if each[key]}}
        | {key: list(map(say, each[key])) for key in ("notes", "helps")}
        | {"fixes": [{**fix, "help": say(fix["help"])} for fix in each["fixes"]]}
        for each in diagnostics
    ]


def remarks(diagnostic: Mapping[str, Any]) -> list[str]:
    """Notes and helps of a diagnostic, a line each."""
    words = (("note", "notes"), ("help", "helps"))
    return [f"{say(word)}: {each}" for word, key in words for each in diagnostic[key]]
