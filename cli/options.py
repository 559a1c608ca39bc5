"""Options that several verbs share."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

MOST_CHARACTERS = 4096
"""Of a value to set."""


@dataclass
class Debug:
    """Whether the user wants to see tracebacks."""

    wanted: bool = False


def _want_debug(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    context.ensure_object(Debug).wanted |= value


def debug_option(command: Command) -> Command:
    """`--debug`, before or after the verb."""
    return click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_want_debug,
        help="Show a traceback on error.",
    )(command)


def formats_option(*formats: str) -> Callable[[Command], Command]:
    """`--format` of these, the first by default; anything but text is all that goes to standard output then."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="How to print the result.",
    )


format_option = formats_option("text", "json")


def codes_option(name: str, help_text: str) -> Callable[[Command], Command]:
    """Codes of warnings and advice, or what they begin with; the verb receives a tuple."""
    return click.option(name, metavar="CODES", multiple=True, callback=_codes, help=help_text)


def _codes(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        return ()
    from nbcnn import api

    wanted = tuple(code.strip().upper() for value in values for code in value.split(","))
    known = [page.code for page in api.explanations()]
    for code in wanted:
        if not code or not any(each.startswith(code) for each in known):
            raise click.BadParameter(f"{code!r} begins no code; `nbcnn explain` lists them")
        if code.startswith("NB1"):
            raise click.BadParameter(f"{code} is an error; errors are always given")
    return wanted


def indices_option(name: str, metavar: str, help_text: str) -> Callable[[Command], Command]:
    """`--unit 0,5,5`; the verb receives a tuple of whole numbers, or None."""
    return click.option(name, metavar=metavar, callback=_whole_numbers, help=help_text)


def _whole_numbers(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    if value is None:
        return None
    try:
        return tuple(int(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a list of whole numbers; write for instance 5,5") from None


def data_dir_option(command: Command) -> Command:
    return click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder of the named data sets.  [default: $NBCNN_DATA, else the user's cache]",
    )(command)


def threads_option(command: Command) -> Command:
    return click.option(
        "--threads",
        type=click.IntRange(min=1),
        help="Threads to compute with.  [default: $NBCNN_NUM_THREADS, else all cores]",
    )(command)


def set_option(command: Command) -> Command:
    """`--set KEY=VALUE`, any number of times; the verb receives a dictionary `overrides`."""
    return click.option(
        "--set",
        "overrides",
        metavar="KEY=VALUE",
        multiple=True,
        callback=_overrides,
        help="Change a value of the spec, such as train.optimizer.lr=0.001.",
    )(command)


def _overrides(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, Any]:
    overrides = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not equals or not key.strip():
            raise click.BadParameter(f"{value[:100]!r} is not KEY=VALUE; write for instance train.epochs=3")
        if len(text) > MOST_CHARACTERS:
            raise click.BadParameter(
                f"a value of {len(text)} characters, at most {MOST_CHARACTERS} are expected; write it in the spec"
            )
        overrides[key.strip()] = _value(text.strip())
    return overrides


def _value(text: str) -> Any:
    """A value as TOML has it; what is none, such as a word without quotes, is a string."""
    try:
        document = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # also of an integer of thousands of digits
        return text
    return document["value"] if len(document) == 1 else text
