"""`nbcnn verify`: whether the first steps of a run come out the same again."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import data_dir_option, debug_option, format_option, set_option, threads_option
from .text import counted, print_table, shown

if TYPE_CHECKING:
    from nbcnn.api import Verification

DIGITS = 12
"""Of a digest, as many as tell two apart by eye."""


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--steps", type=click.IntRange(min=1), default=10, show_default=True, help="How many steps to repeat.")
@data_dir_option
@threads_option
@format_option
@set_option
@debug_option
@click.pass_context
def verify(
    context: click.Context,
    run: Path,
    steps: int,
    data_dir: Path | None,
    threads: int | None,
    output_format: str,
    overrides: dict[str, Any],
) -> None:
    """Repeat the first steps of a run and compare, bit for bit.

    RUN is the run's folder, from which paths count that are given by --set. Ends with 0 where all is the same, and with
    1 where something differs.
    """
    from nbcnn import api

    from .progress import progress

    with progress() as show:
        found = api.verify(run, overrides, steps=steps, data_dir=data_dir, threads=threads, on_event=show)
    if output_format == "json":
        click.echo(json.dumps(found.as_dict(), indent=2))
    else:
        _print(found)
    context.exit(0 if found.same else 1)


def _print(found: "Verification") -> None:
    rows = [
        (each.what, _short(each.then), "" if each.same else _short(each.now), "same" if each.same else "DIFFERS")
        for each in found.compared
    ]
    print_table("run", ("compared", ">then", ">now", "verdict"), rows)
    if found.same:
        click.echo(f"{found.run}: the first {counted(found.steps, 'step')} came out the same, bit for bit")
        return
    differences = [f"{name} was {then}, is {now}" for name, (then, now) in found.circumstances.items()]
    told = "; ".join(differences) or "versions and processor are those that the run was begun with"
    click.echo(shown(f"{found.run}: {found.compared[-1].what} differs; {told}"))
    if isinstance(lanes := found.circumstances.get("lanes", (None,))[0], int):
        click.echo(f"NBCNN_LANES={lanes} repeats it with as many lanes as then")


def _short(text: str) -> str:
    """The beginning of a digest; a loss as it is."""
    return text[:DIGITS] if len(text) == 64 else text
