"""`nbcnn lr-find`: at which learning rate the loss falls fastest."""

import io
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

ENDINGS = (".png", ".svg", ".pdf")
MOST_COLUMNS = 72


@click.command("lr-find")
@click.argument("spec", type=click.Path(path_type=Path))
@click.option("--lowest", type=float, default=1e-7, show_default=True, help="Learning rate of the first step.")
@click.option("--highest", type=float, default=10.0, show_default=True, help="Learning rate of the last step.")
@click.option("--steps", type=click.IntRange(min=20), default=100, show_default=True, help="Steps to train.")
@click.option("--out", type=click.Path(path_type=Path), help="Draw loss over rate into a .png, .svg or .pdf file.")
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

    if out is not None:
        _refuse(out)
    described = api.load_spec(spec, overrides)
    with progress() as show:
        found = api.lr_find(
            described, lowest=lowest, highest=highest, steps=steps, data_dir=data_dir, threads=threads, on_event=show
        )
    if out is not None:
        _draw(found, out, described.name)
    if output_format == "json":
        click.echo(json.dumps(found.as_dict()))
        return
    if out is None:
        columns = min(shutil.get_terminal_size().columns, MOST_COLUMNS)
        losses = [min(loss, _highest(found)) for loss in found.smoothed]
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


def _refuse(out: Path) -> None:
    """What cannot be drawn is said before anything is trained."""
    if out.suffix.lower() not in ENDINGS:
        raise click.UsageError(f"--out {out}: a name that ends in .png, .svg or .pdf is expected; give it one of these")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise click.UsageError(
            f"--out {out}: matplotlib draws and is not installed; pip install 'nbcnn[plot]', or leave --out away"
        ) from None


def _draw(found: "RateTest", out: Path, name: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.add_subplot(xscale="log", xlabel="learning rate", ylabel="loss", title=name)
    axes.plot(found.rates, found.losses, color="#c9d1d9", label="of each step")
    axes.plot(found.rates, found.smoothed, color="#1f6feb", label="smoothed")
    low, high = min(found.losses), _highest(found)
    margin = 0.05 * (high - low) or 1.0
    axes.set_ylim(low - margin, high + margin)
    if found.suggestion is not None:
        axes.axvline(found.suggestion, color="#d1242f", linestyle="--", label=f"suggested: {found.suggestion:.2g}")
    axes.legend()
    image = io.BytesIO()
    figure.savefig(image, format=out.suffix[1:].lower())
    out.write_bytes(image.getvalue())


def _highest(found: "RateTest") -> float:
    """Of the smoothed loss what is worth showing: half as much above its first value as it falls below that."""
    first, low, high = found.smoothed[0], min(found.smoothed), max(found.smoothed)
    return min(high, first + 0.5 * (first - low)) if first > low else high
