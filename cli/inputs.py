"""Spec files as verbs take them: several of them, or `-` for standard input."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

STANDARD_INPUT = "-"
MOST_BYTES = 2**21
"""More than a spec may have, so that what is longer is told as too large."""


def specs_argument(command: Command) -> Command:
    """`SPEC...`, one at least."""
    return click.argument("specs", metavar="SPEC...", nargs=-1, required=True, type=click.Path(path_type=Path))(command)


def given_text(spec: Path) -> str | None:
    """What standard input holds, where that is named; None for a file."""
    if str(spec) != STANDARD_INPUT:
        return None
    try:
        return sys.stdin.buffer.read(MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"standard input is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
