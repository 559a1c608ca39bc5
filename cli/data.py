"""`nbcnn data`: verbs about data sources."""

import click

from .data_preview import preview
from .options import debug_option


@click.group("data")
@debug_option
def data() -> None:
    """Look at data."""


data.add_command(preview)
