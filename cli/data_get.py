"""`nbcnn data get`: data sets that go by a name, fetched and verified."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from .options import data_dir_option, debug_option, format_option
from .text import counted, shape_text


@click.command("get")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@data_dir_option
@format_option
@debug_option
def get(names: Sequence[str], data_dir: Path | None, output_format: str) -> None:
    """Fetch data sets that are not on disk, and verify them."""
    from nbcnn import api

    from .progress import progress

    with progress() as show:
        found = api.get_data(names, data_dir=data_dir, on_event=show)
    folders = {each.name: each.folder for each in api.data_sets(data_dir)}
    rows = []
    for name, splits in found.items():
        counts = {"train": len(splits.train), "test": len(splits.test or ())}
        where, shape = folders[name], splits.train.inputs.shape[1:]
        rows.append({"name": name, "folder": None if where is None else str(where), "samples": counts})
        if output_format == "text":
            samples = f"{counted(counts['train'], 'sample')} to train on, {counts['test']:,} to test"
            click.echo(f"{name}: {samples}, each {shape_text(shape)}; {where or 'bundled'}")
    if output_format == "json":
        click.echo(json.dumps({"data_sets": rows}))
