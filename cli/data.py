"""`nbcnn data`: verbs about data sources."""

import click

from .data_check import check
from .data_get import get
from .data_list import list_sets
from .data_preview import preview
from .language import language_option
from .options import debug_option


@click.group("data")
@debug_option
def data() -> None:
    """Named data sets, and what is in any source."""


for verb in (list_sets, get, check, preview):
    data.add_command(language_option(verb))
