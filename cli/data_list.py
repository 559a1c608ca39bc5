"""`nbcnn data list`: the data sets that go by a name."""

import json
from pathlib import Path

import click

from .options import data_dir_option, debug_option, format_option
from .text import print_table


@click.command("list")
@data_dir_option
@format_option
@debug_option
def list_sets(data_dir: Path | None, output_format: str) -> None:
    """List named data sets, and whether they are on disk."""
    from nbcnn import api

    found = api.data_sets(data_dir)
    if output_format == "json":
        rows = [
            {
                "name": each.name,
                "description": each.description,
                "folder": None if each.folder is None else str(each.folder),
                "on_disk": each.on_disk,
            }
            for each in found
        ]
        click.echo(json.dumps({"data_sets": rows}))
        return
    there = {True: "yes", False: "no"}
    cells = [(each.name, "bundled" if each.folder is None else there[each.on_disk], each.description) for each in found]
    print_table("named data sets", ("name", "on disk", "what it is"), cells)
    folders = {str(each.folder.parent) for each in found if each.folder is not None}
    click.echo(f"in {', '.join(sorted(folders))}; nbcnn data get NAME fetches one")
