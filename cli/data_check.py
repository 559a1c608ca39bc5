"""`nbcnn data check`: all that is in a data source, and what is wrong with it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import data_dir_option, debug_option, format_option, set_option
from .text import counted, number, print_table, shape_text, shown

if TYPE_CHECKING:
    from nbcnn.api import Checked

SPECS = (".toml", ".json")
MOST_CLASSES = 20
"""Classes that are listed; JSON has all."""
MOST_CHANNELS = 4


@click.command("check")
@click.argument("source", metavar="SPEC|SOURCE")
@data_dir_option
@set_option
@format_option
@debug_option
def check(source: str, data_dir: Path | None, overrides: dict[str, Any], output_format: str) -> None:
    """Read all samples once: counts, statistics, duplicates, leaks."""
    from nbcnn import api

    from .progress import progress

    is_spec = source.lower().endswith(SPECS)
    if overrides and not is_spec:
        raise click.UsageError(f"--set changes a spec, and {source} is a source; leave --set out, or name a spec")
    described = api.load_spec(source, overrides) if is_spec else source
    with progress() as show:
        found = api.check_data(described, data_dir=data_dir, on_event=show)
    if output_format == "json":
        click.echo(json.dumps(found.as_dict()))
    else:
        _print(found)
    if found.has_errors:
        raise click.exceptions.Exit(2)


def _print(found: "Checked") -> None:
    rows = [
        (name, number(split.samples), shape_text(split.shape), split.dtype, number(split.repeated))
        for name, split in found.splits.items()
    ]
    print_table("splits", ("split", ">samples", "shape", "type", ">repeated"), rows)
    for name, split in found.splits.items():
        pairs = [f"{mean:.4g} ({std:.4g})" for mean, std in zip(split.mean, split.std, strict=True)]
        more = _more(len(pairs), MOST_CHANNELS)
        click.echo(f"{name}: mean (deviation) by channel {', '.join(pairs[:MOST_CHANNELS])}{more}")
    splits = found.splits.values()
    longest = max(splits, key=lambda split: len(split.counts), default=None)
    if longest is not None and longest.counts:
        columns = ("class", *(f">{name}" for name in found.splits))
        counts = [
            (label, *(number(split.counts[index]) if index < len(split.counts) else "0" for split in splits))
            for index, label in enumerate(found.labels(longest)[:MOST_CLASSES])
        ]
        print_table("classes", columns, counts)
        if more := _more(len(longest.counts), MOST_CLASSES):
            click.echo(more.lstrip(", "))
    for problem in found.problems:
        click.echo(shown(f"{problem.severity}: {problem.message}"))
    errors = sum(problem.severity == "error" for problem in found.problems)
    warnings = len(found.problems) - errors
    click.echo(f"{counted(errors, 'error')}, {counted(warnings, 'warning')}" if found.problems else "nothing is wrong")


def _more(count: int, shown: int) -> str:
    return f", and {number(count - shown)} more" if count > shown else ""
