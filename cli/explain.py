"""`nbcnn explain`: what a code means, with an example and its cure."""

import json
import sys

import click

from .language import chosen, headings, say
from .markdown import markdown_table
from .options import debug_option, formats_option
from .text import print_table


@click.command()
@click.argument("code", required=False)
@formats_option("text", "json", "markdown")
@debug_option
def explain(code: str | None, output_format: str) -> None:
    """Tell what a code means; without one, list all."""
    from nbcnn import api

    if code is None:
        _print_all(output_format)
        return
    page = api.explain(code, chosen.get())
    if output_format == "json":
        click.echo(json.dumps(page.as_dict(), indent=2))
    elif output_format == "markdown" or not sys.stdout.isatty():
        click.echo(page.text, nl=False)
    else:
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(f"# {page.code}: {page.text.removeprefix('# ')}"))


def _print_all(output_format: str) -> None:
    from nbcnn import api

    pages = api.explanations(chosen.get())
    rows = [(page.code, page.title) for page in pages]
    if output_format == "json":
        click.echo(json.dumps([{"code": page.code, "title": page.title} for page in pages], indent=2))
    elif output_format == "markdown":
        click.echo(markdown_table(("code", "meaning"), rows))
    else:
        print_table(say("codes"), headings("code", "meaning"), rows)
