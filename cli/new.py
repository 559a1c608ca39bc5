"""`nbcnn new`: a first spec, from a template or from looking at data."""

import json
from pathlib import Path

import click

from .options import data_dir_option, debug_option, format_option
from .text import print_table


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--template", metavar="NAME", help="Shipped spec to begin with.  [default: digits]")
@click.option("--data", metavar="SOURCE", help="File, folder or named data set to look at and write a spec for.")
@click.option("--list", "listing", is_flag=True, help="List the templates.")
@data_dir_option
@format_option
@debug_option
def new(
    path: Path | None, template: str | None, data: str | None, listing: bool, data_dir: Path | None, output_format: str
) -> None:
    """Write a first spec, from a template or for data."""
    from nbcnn import api

    if listing:
        if path is not None or template is not None or data is not None:
            raise click.UsageError("--list only lists templates; leave out the file, --template and --data")
        templates = api.templates()
        if output_format == "json":
            click.echo(json.dumps(templates))
        else:
            print_table("templates", ("name", "what it is"), templates.items())
        return
    if path is None:
        raise click.UsageError("the name of a new file is missing, such as my.toml; or --list")
    from .progress import progress

    with progress() as show:
        text = api.new(path, template=template, data=data, data_dir=data_dir, on_event=show)
    if output_format == "json":
        click.echo(json.dumps({"file": str(path), "template": template, "data": data, "text": text}))
        return
    click.echo("\n".join(line for line in text.partition("\n\n")[0].splitlines() if line.startswith("#")))
    click.echo(f"{path} is written; `nbcnn validate {path}` shows the network, `nbcnn train {path}` trains it")
