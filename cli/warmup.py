"""`nbcnn warmup`: what specs need, compiled ahead."""

import json
from pathlib import Path
from typing import Any

import click

from .options import debug_option, format_option, set_option
from .text import bytes_text, counted


@click.command()
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True, type=click.Path(path_type=Path))
@format_option
@set_option
@debug_option
def warmup(specs: tuple[Path, ...], output_format: str, overrides: dict[str, Any]) -> None:
    """Compile ahead what specs need to train and predict."""
    from nbcnn import api

    from .progress import progress

    described = [api.load_spec(spec, overrides) for spec in specs]
    with progress() as show:
        result = api.warmup(*described, on_event=show)
    if output_format == "json":
        click.echo(json.dumps(result.as_dict()))
        return
    kernels = counted(result.kernels, "compiled function")
    click.echo(
        f"{kernels}, {result.compiled} of them new, {bytes_text(result.size)}: {result.folder or 'kept nowhere'}"
    )
