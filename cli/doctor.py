"""`nbcnn doctor`: what nbcnn finds on this machine, and what is wrong with it."""

import json
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

import click

from .options import debug_option, format_option

if TYPE_CHECKING:
    from nbcnn.examination.findings import Examination


@click.command()
@format_option
@debug_option
@click.pass_context
def doctor(context: click.Context, output_format: str) -> None:
    """Look at the machine, the libraries and the settings."""
    # Not from nbcnn.api, which a broken library would keep from loading.
    import nbcnn

    found = nbcnn.doctor()
    if output_format == "json":
        click.echo(json.dumps(found.as_dict(), indent=2))
    else:
        _print(found)
    context.exit(0 if found.is_sound else 1)


def _print(found: "Examination") -> None:
    for section in found.sections:
        click.echo(section.name)
        for name, value in section.facts.items():
            _print_line(f"  {name}: {value}", "    ")
    problems = [problem for section in found.sections for problem in section.problems]
    for problem in problems:
        _print_line(f"{problem.severity}: {problem.message}; {problem.help}", "  ")
    if not problems:
        click.echo("nothing is wrong")


def _print_line(text: str, indent: str) -> None:
    """Wrapped for a terminal; for a pipe, one line."""
    if sys.stdout.isatty():
        columns = shutil.get_terminal_size().columns
        text = textwrap.fill(text, max(columns, 20), subsequent_indent=indent, drop_whitespace=True)
    click.echo(text)
