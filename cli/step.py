"""`nbcnn step`: how one number of a layer comes about, product by product."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .language import say
from .options import data_dir_option, debug_option, format_option, indices_option, set_option
from .text import counted

if TYPE_CHECKING:
    from nbcnn.api import Step, Term

MOST_TERMS = 25
"""Terms in one line, as many as a kernel of 5 x 5 has; of more the first ones and the last are printed."""
FIRST_TERMS = 6
MOST_CHANNELS = 4
MOST_GRID = 7
"""Rows and columns of a window that is printed as such."""
FUNCTIONS = {"maximum": "max", "minimum": "min"}


def _numbers(context: click.Context, parameter: click.Parameter, value: str | None) -> list[float] | None:
    if value is None:
        return None
    try:
        return [float(part) for part in value.replace(",", " ").split()]
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a list of numbers; write for instance 0,1,2,3") from None


@click.command()
@click.argument("spec", type=click.Path(path_type=Path))
@click.option("--layer", required=True, help="The layer's name, as `nbcnn validate` shows it.")
@indices_option("--unit", "CHANNEL,POSITION", "The output, such as 0,5,5.  [default: channel 0, the middle]")
@indices_option("--weight", "INDEX", "Also the gradient of this number of the layer's weight, such as 0,0,1,1.")
@click.option(
    "--upstream",
    type=click.Choice(["ones", "loss"]),
    default="ones",
    show_default=True,
    help="Gradient of the layer's output: all ones, or that of the spec's loss.",
)
@click.option(
    "--weights", type=click.Path(path_type=Path), help="Trained weights; by default they are drawn by --seed."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of first weights.")
@click.option("--kernel", callback=_numbers, metavar="NUMBERS", help="The layer's weight itself, such as 0,1,2,3.")
@click.option("--index", type=int, help="The sample of the training data.  [default: 0]")
@click.option("--input", "file", type=click.Path(path_type=Path), help="A .npy file or an image instead.")
@click.option("--values", callback=_numbers, metavar="NUMBERS", help="The input itself instead, row by row.")
@data_dir_option
@format_option
@set_option
@debug_option
def step(
    spec: Path,
    layer: str,
    unit: tuple[int, ...] | None,
    weight: tuple[int, ...] | None,
    upstream: Any,
    weights: Path | None,
    seed: int,
    kernel: list[float] | None,
    index: int | None,
    file: Path | None,
    values: list[float] | None,
    data_dir: Path | None,
    output_format: str,
    overrides: dict[str, Any],
) -> None:
    """Write out how one number of a layer is computed."""
    from nbcnn import api

    from .progress import progress

    sources = [each for each in (index, file, values) if each is not None]
    if len(sources) > 1:
        raise click.UsageError("--index, --input and --values each name a sample; give one of them")
    described = api.load_spec(spec, overrides)
    with progress() as show:
        found = api.step(
            described,
            layer,
            unit,
            weight=weight,
            sample=sources[0] if sources else 0,
            weights=weights,
            seed=seed,
            kernel=kernel,
            upstream=upstream,
            data_dir=data_dir,
            on_event=show,
        )
    if output_format == "json":
        click.echo(json.dumps(found.as_dict()))
    else:
        for line in _lines(found):
            click.echo(line)


def _lines(step: "Step") -> list[str]:
    names = {2: ["position"], 3: ["row", "column"], 4: ["slice", "row", "column"]}.get(len(step.unit), [])
    place = [say(f"{'channel' if names else 'feature'} {step.unit[0]}")]
    place += [say(f"{name} {at}") for name, at in zip(names, step.unit[1:], strict=True)]
    head = say(", ").join([f"{step.layer} ({step.type})", *place])
    lines = [f"{head}; {say(step.sample)}", ""]
    lines += _products(step) if step.rule == "products" else _other(step)
    if any(term.is_padding for term in step.terms):
        lines += ["", say("in brackets: what the padding holds")]
    if step.gradient is not None:
        gradient = step.gradient
        of = "of ones" if gradient.upstream == "ones" else "of the loss"
        index = ",".join(map(str, gradient.index))
        lines += [
            "",
            say(f"gradient of {step.layer}.weight[{index}], inputs x gradients {of} by output:"),
            f"{_sum(gradient.terms)} = {_plain(gradient.value)}",
        ]
    return lines


def _products(step: "Step") -> list[str]:
    """The window beside the kernel where they are small, then the products, channel by channel where there are more."""
    channels: dict[int, list[Term]] = {}
    for term in step.terms:
        assert term.factor_index is not None
        # The input channel stands second in a convolution's weight, and first in a transposed one's.
        one_per_feature = len(term.factor_index) == 2 and term.index is not None and len(term.index) == 1
        key = 0 if one_per_feature else term.factor_index[0 if step.type == "conv_transpose" else 1]
        channels.setdefault(key, []).append(term)
    bias = step.numbers.get("bias")
    end = "" if bias is None else f" + {_number(bias)} {say('(bias)')}"
    lines = [
        line for terms in list(channels.values())[:MOST_CHANNELS] if (grid := _grid(terms)) for line in [*grid, ""]
    ]
    if len(channels) <= 1:
        return [*lines, f"{_sum(step.terms)}{end} = {_plain(step.value)}"]
    sums = {channel: sum(term.product for term in terms) for channel, terms in channels.items()}
    shown = list(channels.items())[: MOST_CHANNELS if len(channels) > MOST_CHANNELS else None]
    lines += [f"{say(f'channel {channel}')}: {_sum(terms)} = {_plain(sums[channel])}" for channel, terms in shown]
    if len(channels) > len(shown):
        lines.append(say(f"... {counted(len(channels) - len(shown), 'channel')} more ..."))
    return [*lines, f"{_joined([_number(each) for each in sums.values()])}{end} = {_plain(step.value)}"]


def _grid(terms: Sequence["Term"]) -> list[str]:
    """The numbers of a window of two axes, and beside them the weights that they are multiplied with."""
    taps = [term.factor_index[2:] for term in terms if term.factor_index is not None]
    if not taps or len(taps[0]) != 2 or len(set(taps)) != len(terms):
        return []
    rows, columns = (len({tap[axis] for tap in taps}) for axis in (0, 1))
    if rows * columns != len(terms) or max(rows, columns) > MOST_GRID:
        return []
    numbers = [_padded(term) for term in terms]
    factors = [_plain(term.factor or 0.0) for term in terms]
    widths = [max(map(len, texts)) for texts in (numbers, factors)]
    lines = []
    for row in range(rows):
        parts = [
            " ".join(text.rjust(width) for text in texts[row * columns : (row + 1) * columns])
            for texts, width in zip((numbers, factors), widths, strict=True)
        ]
        lines.append(f"{parts[0]}   {'x' if row == rows // 2 else ' '}   {parts[1]}")
    return lines


def _other(step: "Step") -> list[str]:
    result = _plain(step.value)
    read = [_padded(term) for term in step.terms]
    match step.rule:
        case "maximum" | "minimum":
            lines = [f"{FUNCTIONS[step.rule]}({_joined(read, ', ')}) = {result}"]
            if step.winner is not None:
                winner = step.terms[step.winner].index or ()
                at = ",".join(map(str, winner))
                lines.append(say(f"the first such number is at {at} of {step.terms[0].source}"))
            return lines
        case "mean":
            return [f"({_joined(read)}) / {_number(step.numbers['count'])} = {result}"]
        case "batch_norm":
            numbers = {name: _number(each) for name, each in step.numbers.items()}
            normal = f"({read[0]} - {numbers['mean']}) / sqrt({numbers['variance']} + {numbers['eps']})"
            affine = f" x {numbers['weight']} + {numbers['bias']}" if "weight" in numbers else ""
            weights = " x weight + bias" if affine else ""
            return [f"(x - mean) / sqrt(variance + eps){weights}", f"{normal}{affine} = {result}"]
    settings = [f"{name} = {_number(each)}" for name, each in step.numbers.items()]
    lines = [say(", ").join([say(step.formula), *settings])] if step.formula else []
    return [*lines, f"{step.type}({_joined(read, ', ')}) = {result}"]


def _sum(terms: Sequence["Term"]) -> str:
    return _joined([f"{_padded(term)}x{_number(term.factor or 0.0)}" for term in terms]) or "0"


def _joined(texts: Sequence[str], between: str = " + ") -> str:
    if len(texts) <= MOST_TERMS:
        return between.join(texts)
    left_out = len(texts) - FIRST_TERMS - 1
    return between.join([*texts[:FIRST_TERMS], say(f"... {left_out:,} more ..."), texts[-1]])


def _padded(term: "Term") -> str:
    return f"[{_plain(term.number)}]" if term.is_padding else _number(term.number)


def _number(value: float) -> str:
    """In parentheses where it begins with a sign, so that sums and products read well."""
    text = _plain(value)
    return f"({text})" if text.startswith("-") else text


def _plain(value: float) -> str:
    return f"{value:.6g}"
