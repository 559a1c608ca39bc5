"""`nbcnn rf`: the input pixels that one unit of a layer sees."""

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .language import headings, say
from .options import debug_option, format_option, indices_option, set_option
from .text import counted, number, print_table, shape_text

if TYPE_CHECKING:
    from nbcnn.api import Seen

PIPE_COLUMNS = 80
"""Width of the picture where no terminal has one."""
MOST_RUNS = 6
"""Stretches of pixels that are written out."""


@click.command()
@click.argument("spec", type=click.Path(path_type=Path))
@click.option("--layer", required=True, help="The layer's name, as `nbcnn validate` shows it.")
@indices_option(
    "--unit", "[CHANNEL,]POSITION", "Such as 5,5: its place on each axis; -1 is the last.  [default: the middle]"
)
@click.option("--out", type=click.Path(path_type=Path), help="Write the picture, .svg or .png.")
@format_option
@set_option
@debug_option
def rf(
    spec: Path,
    layer: str,
    unit: tuple[int, ...] | None,
    out: Path | None,
    output_format: str,
    overrides: dict[str, Any],
) -> None:
    """Show which input pixels a unit of a layer sees."""
    from nbcnn import api

    if out is not None:
        api.check_out(out, (".svg", ".png"))
    seen = api.receptive_field(api.load_spec(spec, overrides), layer, unit)
    found = seen.as_dict()
    title = _title(found)
    if out is not None:
        from .picture import write

        write(seen, out, title)
    if output_format == "json":
        click.echo(json.dumps(found))
        return
    click.echo(title)
    _print_axes(found)
    if not found["everything"]:
        _print_picture(seen)


def _title(found: dict[str, Any]) -> str:
    """`conv2 (conv), row 5, column 5 of 12x12, sees 196 of 784 pixels`."""
    names = [axis["axis"].removesuffix("s") for axis in found["axes"]]
    channel, position = found["unit"]["channel"], found["unit"]["position"]
    places = [say(f"{name} {place}") for name, place in zip(names, position, strict=False)]
    if channel is not None:
        places.insert(0, say(f"{'channel' if position else 'feature'} {channel}"))
    space = found["output_shape"][1:]
    parts = [f"{found['layer']} ({found['type']})", *places]
    if position:
        parts[-1] += say(f" of {shape_text(space)}")
    if found["everything"]:
        parts.append(say(f"sees everything: all {number(found['of'])} pixels"))
    elif found["pixels"]:
        parts.append(say(f"sees {number(found['pixels'])} of {counted(found['of'], 'pixel')}"))
    else:
        parts.append(say("sees no pixel"))
    channels = sum(last - first + 1 for first, last in found["channels"])
    if channels < found["input_shape"][0]:
        parts.append(say(f"in {number(channels)} of {counted(found['input_shape'][0], 'channel')}"))
    return say(", ").join(parts)


def _print_axes(found: dict[str, Any]) -> None:
    rows: list[tuple[str, ...]] = [
        (
            say(axis["axis"]),
            _runs(axis["runs"]),
            say(f"{axis['window'][0]} to {axis['window'][1]}") if axis["window"] else "",
            "" if axis["size"] is None else number(axis["size"]),
            f"{axis['padding'][0]} + {axis['padding'][1]}" if axis["padding"] else "",
            "" if axis["centre"] is None else f"{axis['centre']:g}",
            "" if axis["jump"] is None else number(axis["jump"]),
        )
        for axis in found["axes"]
    ]
    columns = headings("axis", "sees", "window", ">size", ">in padding", ">centre", ">jump")
    if not any(row[2] for row in rows):
        columns, rows = (*columns[:2], columns[5]), [(*row[:2], row[5]) for row in rows]
    print_table(say("in input pixels"), columns, rows)
    if not found["product"]:
        axes = " and ".join(axis["axis"] for axis in found["axes"])
        click.echo(say(f"not every crossing of these {axes} is seen"))


def _runs(runs: Sequence[Sequence[int]]) -> str:
    """[[0, 4]] -> 0 to 4; [[1, 1], [4, 4], [7, 7]] -> 1, 4, 7."""
    texts = [str(first) if first == last else say(f"{first} to {last}") for first, last in runs]
    if len(texts) > MOST_RUNS:
        texts = [*texts[:3], say(f"... {len(texts) - 4} more ..."), texts[-1]]
    return say(", ").join(texts) or say("nothing")


def _print_picture(seen: "Seen") -> None:
    from .picture import in_characters

    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_COLUMNS
    click.echo()
    for line in in_characters(seen, columns, sys.stdout.encoding or "ascii"):
        click.echo(line)
