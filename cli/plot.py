"""`nbcnn plot`: what a run has learnt, as pictures."""

import json
from pathlib import Path
from typing import Any

import click

from .options import data_dir_option, debug_option, format_option, threads_option

KINDS = ("curves", "confusion", "filters", "features", "saliency", "grad-cam")
OF_SAMPLES = ("features", "saliency", "grad-cam")


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="A .png, .svg or .pdf.  [default: KIND.png]")
@click.option("--layer", help="For filters, features and grad-cam; `nbcnn validate` shows names.")
@click.option("--input", "file", type=click.Path(path_type=Path), help="An image or a .npy file to look at.")
@click.option("--index", type=click.IntRange(min=0), help="A sample of the data instead.  [default: 0]")
@click.option("--split", type=click.Choice(["train", "validation", "test"]), help="Its part.  [default: test]")
@click.option("--class", "target", metavar="NAME", help="For saliency and grad-cam.  [default: what it is taken for]")
@data_dir_option
@threads_option
@format_option
@debug_option
def plot(
    kind: str,
    runs: tuple[Path, ...],
    out: Path | None,
    layer: str | None,
    file: Path | None,
    index: int | None,
    split: str | None,
    target: str | None,
    data_dir: Path | None,
    threads: int | None,
    output_format: str,
) -> None:
    """Draw a run: curves, errors, filters, what it looks at.

    RUN is a run's folder, or a weights file for all but curves; curves take several runs.
    """
    from nbcnn import api

    from .progress import progress

    _refuse_unused(kind, {"--layer": layer, "--input": file, "--index": index, "--split": split, "--class": target})
    if file is not None and (index is not None or split is not None):
        raise click.UsageError("--input is a sample of its own; leave out --index and --split")
    path = Path(f"{kind}.png") if out is None else out
    with progress() as show:
        api.plot(
            kind,
            *runs,
            out=path,
            layer=layer,
            sample=file if file is not None else index or 0,
            split=split,
            target=target,
            data_dir=data_dir,
            threads=threads,
            on_event=show,
        )
    click.echo(json.dumps({"kind": kind, "out": str(path)}) if output_format == "json" else f"{path} holds the picture")


def _refuse_unused(kind: str, given: dict[str, Any]) -> None:
    """An option that a kind of plot has no use for is a mistake."""
    used = {
        "--layer": ("filters", "features", "grad-cam"),
        "--input": OF_SAMPLES,
        "--index": OF_SAMPLES,
        "--split": ("confusion", *OF_SAMPLES),
        "--class": ("saliency", "grad-cam"),
    }
    for name, value in given.items():
        if value is not None and kind not in used[name]:
            raise click.UsageError(f"{name} is for {', '.join(used[name])}; leave it out for {kind}")
