"""`nbcnn predict`: the class of each input."""

import json
from pathlib import Path

import click

from .options import debug_option, format_option, threads_option
from .text import percent, shown


@click.command()
@click.argument("weights", type=click.Path(path_type=Path))
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@threads_option
@format_option
@debug_option
def predict(weights: Path, inputs: tuple[Path, ...], threads: int | None, output_format: str) -> None:
    """Tell the class of images (.png and others) and arrays (.npy)."""
    from nbcnn import api

    from .progress import progress

    with progress() as show:
        predictions = api.predict(weights, inputs, threads=threads, on_event=show)
    for each in predictions:
        if output_format == "json":
            click.echo(json.dumps(each.as_dict()))
        else:
            click.echo(shown(f"{each.input}: {each.label} ({percent(each.probabilities[each.class_])})"))
