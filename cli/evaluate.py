"""`nbcnn eval`: how well weights do on a data set."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import data_dir_option, debug_option, format_option, threads_option
from .text import measured_text, number, percent, print_table

if TYPE_CHECKING:
    from nbcnn.api import Evaluation


@click.command("eval")
@click.argument("weights", type=click.Path(path_type=Path))
@click.option("--data", help="Data source to measure on.  [default: the one trained on]")
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    default="test",
    show_default=True,
    help="Part of the data to measure on.",
)
@click.option(
    "--dtype",
    type=click.Choice(["float32", "int8"]),
    default="float32",
    show_default=True,
    help="Numbers to compute in; int8 is calibrated with training data.",
)
@data_dir_option
@threads_option
@format_option
@debug_option
def evaluate(
    weights: Path,
    data: str | None,
    split: str,
    dtype: str,
    data_dir: Path | None,
    threads: int | None,
    output_format: str,
) -> None:
    """Measure the weights in a file on a data set."""
    from nbcnn import api

    from .progress import progress

    with progress() as show:
        evaluation = api.evaluate(
            weights, data=data, split=split, data_dir=data_dir, threads=threads, on_event=show, dtype=dtype
        )
    if output_format == "json":
        click.echo(json.dumps(evaluation.as_dict()))
    else:
        _print_evaluation(evaluation)


def _print_evaluation(evaluation: "Evaluation") -> None:
    rows = [
        (
            each.label,
            number(each.samples),
            "-" if each.precision is None else percent(each.precision),
            "-" if each.recall is None else percent(each.recall),
            "-" if each.f1 is None else percent(each.f1),
        )
        for each in evaluation.per_class
    ]
    if rows:
        print_table("per class", ("class", ">samples", ">precision", ">recall", ">F1"), rows)
    click.echo(measured_text(evaluation.loss, evaluation.accuracy, evaluation.samples))
    figures = {name: value for name, value in evaluation.metrics.items() if value is not None}
    if figures:
        click.echo(", ".join(f"{name} {value:.4f}" for name, value in figures.items()))
