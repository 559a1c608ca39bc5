"""`nbcnn compare`: what runs came to, and in what their specs differ."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import debug_option, formats_option
from .text import duration, number, percent, print_table, shown

if TYPE_CHECKING:
    from nbcnn.api import ComparedRun, Comparison

MOST_SETTINGS = 12
"""Settings that are printed for a run; JSON has all."""
MOST_CHARACTERS = 40

Row = tuple[str, ...]


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=click.Path(path_type=Path))
@formats_option("text", "json", "markdown")
@debug_option
def compare(runs: Sequence[Path], output_format: str) -> None:
    """Tabulate runs, and the settings in which they differ."""
    from nbcnn import api

    found = api.compare(runs)
    match output_format:
        case "json":
            click.echo(json.dumps(found.as_dict()))
        case "markdown":
            from .markdown import markdown_table

            click.echo(markdown_table(*_table(found.runs)))
            if found.differences:
                names = [run.run for run in found.runs]
                rows = [(key, *map(_value, values)) for key, values in found.differences.items()]
                click.echo("\n" + markdown_table(("setting", *names), rows))
        case _:
            _print_text(found)


def _table(runs: Sequence["ComparedRun"]) -> tuple[Row, list[Row]]:
    """Columns and rows; how runs ended has a column where one did not simply finish."""
    columns = ("run", ">epochs", ">best", ">validation", ">test", ">parameters", ">time")
    rows: list[Row] = [
        (
            run.run,
            number(run.epochs),
            "-" if run.best_epoch is None else number(run.best_epoch),
            _measured(run.val_accuracy, run.val_loss),
            _measured(run.test_accuracy, run.test_loss),
            number(run.params),
            duration(run.seconds),
        )
        for run in runs
    ]
    if all(run.outcome == "finished" for run in runs):
        return columns, rows
    outcomes = ((run.outcome or "-").partition(":")[0] for run in runs)
    return (*columns, "ended"), [(*row, outcome) for row, outcome in zip(rows, outcomes, strict=True)]


def _measured(accuracy: float | None, loss: float | None) -> str:
    if accuracy is not None:
        return percent(accuracy)
    return "-" if loss is None else f"loss {loss:.4f}"


def _print_text(found: "Comparison") -> None:
    print_table("runs", *_table(found.runs))
    if found.differences:
        click.echo()
        for index, run in enumerate(found.runs):
            click.echo(shown(f"{run.run}: {', '.join(_settings(found.differences, index))}"))


def _settings(differences: dict[str, list[Any]], index: int) -> Iterator[str]:
    for key, values in list(differences.items())[:MOST_SETTINGS]:
        yield f"{key} = {_value(values[index])}"
    if len(differences) > MOST_SETTINGS:
        yield f"and {number(len(differences) - MOST_SETTINGS)} more, which --format json has"


def _value(value: Any) -> str:
    text = "-" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 3] + "..."
