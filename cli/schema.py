"""`nbcnn schema`."""

import json

import click

from .options import debug_option


@click.command()
@debug_option
def schema() -> None:
    """Print the JSON Schema of spec files, for editors."""
    from nbcnn import api

    click.echo(json.dumps(api.schema(), indent=2))
