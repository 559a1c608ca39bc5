"""`nbcnn data preview`: samples beside what augmentation makes of them, as a picture."""

import json
from pathlib import Path
from typing import Any

import click

from .options import data_dir_option, debug_option, format_option, set_option
from .text import counted


@click.command("preview")
@click.argument("spec", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where to write the .png.")
@click.option("--samples", type=click.IntRange(1, 64), default=8, show_default=True, help="Samples, from all classes.")
@click.option("--epochs", type=click.IntRange(1, 32), default=6, show_default=True, help="Epochs that are shown.")
@data_dir_option
@set_option
@format_option
@debug_option
def preview(
    spec: Path,
    out: Path,
    samples: int,
    epochs: int,
    data_dir: Path | None,
    overrides: dict[str, Any],
    output_format: str,
) -> None:
    """Draw samples as training sees them."""
    from nbcnn import api

    from .contact_sheet import draw, require_pillow
    from .progress import progress

    api.check_out(out, (".png",))
    require_pillow(out)
    described = api.load_spec(spec, overrides)
    with progress() as show:
        found = api.preview(described, samples=samples, epochs=epochs, data_dir=data_dir, on_event=show)
    draw(found).save(out)
    count, shown = found.augmented.shape[:2]
    if output_format == "json":
        click.echo(json.dumps({"out": str(out), "labels": found.labels, "epochs": shown}))
        return
    what = f"each beside itself in {counted(shown, 'epoch')}" if shown else "as they are: the spec has no [[augment]]"
    click.echo(f"{out}: {counted(count, 'sample')}, {what}")
