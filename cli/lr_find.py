"""`nbcnn lr-find`: at which learning rate the loss falls fastest."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .curve import in_characters
from .options import data_dir_option, debug_option, format_option, set_option, threads_option
from .text import counted

if TYPE_CHECKING:
    from nbcnn.api import RateTest

MOST_COLUMNS = 72


@click.command("lr-find")
@click.argument("spec", type=click.Path(path_type=Path))
@click.option("--lowest", type=float, default=1e-7, show_default=True, help="Learning rate of the first step.")
@click.option("--highest", type=float, default=10.0, show_default=True, help="Learning rate of the last step.")
@click.option("--steps", type=click.IntRange(min=20), default=100, show_default=True, help="Steps to train.")
@click.option("--out", type=click.Path(path_type=Path), help="Draw loss over rate into a .png, .svg or .pdf.")
@data_dir_option
@threads_option
@set_option
@format_option
@debug_option
def lr_find(
    spec: Path,
    lowest: float,
    highest: float,
    steps: int,
    out: Path | None,
    data_dir: Path | None,
    threads: int | None,
    overrides: dict[str, Any],
    output_format: str,
) -> None:
    """Find a learning rate by trying rising ones."""
    from nbcnn import api

    from .progress import progress

    described = api.load_spec(spec, overrides)
    with progress() as show:
        found = api.lr_find(
            described,
            lowest=lowest,
            highest=highest,
            steps=steps,
            out=out,
            data_dir=data_dir,
            threads=threads,
            on_event=show,
        )
    if output_format == "json":
        click.echo(json.dumps(found.as_dict()))
        return
    if out is None:
        columns = min(shutil.get_terminal_size().columns, MOST_COLUMNS)
        losses = [min(loss, found.highest_shown) for loss in found.smoothed]
        click.echo("\n".join(in_characters(found.rates, losses, found.suggestion, columns)))
    _print_result(found, steps, described.train.optimizer.lr)
    if out is not None:
        click.echo(f"{out} shows the curve")


def _print_result(found: "RateTest", steps: int, lr: float) -> None:
    if found.diverged:
        click.echo(f"stopped after {counted(len(found.rates), 'step')} of {steps}: the loss grew")
    if found.suggestion is None:
        click.echo("no rate to suggest: the loss hardly falls; try other --lowest and --highest, or more --steps")
        return
    click.echo(f"the loss falls fastest at a learning rate of {found.suggestion:.2g}; the spec says {lr:g}")
    click.echo(f"try it: --set train.optimizer.lr={found.suggestion:.2g}")
