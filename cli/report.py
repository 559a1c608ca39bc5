"""`nbcnn report`: a run as one HTML page."""

import json
from pathlib import Path

import click

from .options import data_dir_option, debug_option, format_option, threads_option


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The page.  [default: RUN/report.html]")
@data_dir_option
@threads_option
@format_option
@debug_option
def report(run: Path, out: Path | None, data_dir: Path | None, threads: int | None, output_format: str) -> None:
    """Write a run's page: network, curves, errors, kernels."""
    from nbcnn import api

    from .progress import progress

    with progress() as show:
        path = api.report(run, out, data_dir=data_dir, threads=threads, on_event=show)
    click.echo(json.dumps({"out": str(path)}) if output_format == "json" else f"{path} holds the report")
