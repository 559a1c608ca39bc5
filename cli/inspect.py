"""`nbcnn inspect`: what a weights file holds, and whether it is whole."""

import json
from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import debug_option, format_option
from .text import bytes_text, counted, number, print_table, shape_text, shown

if TYPE_CHECKING:
    from nbcnn.api import InspectedArray, Inspection

MOST_CHARACTERS = 200
"""Of what the file says of itself, in one line; JSON has all."""


@click.command()
@click.argument("weights", type=click.Path(path_type=Path))
@format_option
@debug_option
@click.pass_context
def inspect(context: click.Context, weights: Path, output_format: str) -> None:
    """Show what a weights file holds, and what of it is damaged.

    Ends with 0 where the file is whole, and with 2 where it is not.
    """
    from nbcnn import api

    found = api.inspect(weights)
    if output_format == "json":
        click.echo(json.dumps(found.as_dict()))
    else:
        _print_text(found)
    context.exit(0 if found.whole else 2)


def _print_text(found: "Inspection") -> None:
    state = "whole" if found.whole else "damaged"
    click.echo(shown(f"{found.file}: {state}, {bytes_text(found.size)}, weights format {found.format_version or '?'}"))
    for name, words in _facts(found):
        text = shown(words.replace("\n", " "))
        click.echo(f"{name}: {text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 4] + ' ...'}")
    if found.arrays:
        click.echo()
        columns = ("array", "shape", ">least", ">most", ">mean", ">std", ">not finite", "checksum")
        print_table("arrays", columns, map(_row, found.arrays))
    if not found.whole:
        click.echo()
    for line in found.damage:
        click.echo(shown(f"damage: {line}"))
    for line in found.differences:
        click.echo(shown(f"for other programs: {line}"))


def _facts(found: "Inspection") -> Iterator[tuple[str, str]]:
    """What the file says of itself, as far as it is sound."""
    if found.input_shape is not None:
        params = sum(prod(each.shape) for each in found.arrays if each.section == "parameters")
        yield "network", f"{found.name}, input {shape_text(found.input_shape)}, {counted(params, 'parameter')}"
    if found.classes:
        yield "classes", f"{number(len(found.classes))}: {', '.join(found.classes)}"
    if found.normalization is not None:
        yield "normalization", _listed(found.normalization.items())
    if found.provenance:
        yield "provenance", _listed(found.provenance.items())
    if found.progress:
        # What was measured after each epoch would be a table of its own.
        yield "training", _listed((key, value) for key, value in found.progress.items() if key != "records")
    if found.versions:
        yield "written by", ", ".join(f"{name} {version}" for name, version in found.versions.items())


def _listed(items: Iterable[tuple[str, Any]]) -> str:
    """{"epoch": 3, "mean": [0.5]} -> epoch 3, mean 0.5."""
    return ", ".join(f"{key} {_value(value)}" for key, value in items if value is not None)


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return " ".join(map(_value, value))
    return value if isinstance(value, str) else json.dumps(value)


def _row(array: "InspectedArray") -> tuple[str, ...]:
    figures = (array.minimum, array.maximum, array.mean, array.std)
    return (
        f"{array.section}/{array.key}",
        shape_text(array.shape),
        *("" if figure is None else f"{figure:.4g}" for figure in figures),
        number(array.not_finite) if array.not_finite else "",
        "holds" if array.sound else "DAMAGED",
    )
