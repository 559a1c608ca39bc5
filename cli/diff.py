"""`nbcnn diff`: what tells two specs, or weights files, apart."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from .language import headings, say
from .options import debug_option
from .text import bytes_text, counted, number, print_table, shape_text

MARKS = {"added": "+", "removed": "-", "changed": "~", "affected": " "}
WORDS = {
    "input_shapes": "reads",
    "output_shape": "output",
    "params": "parameters",
    "macs": "MACs",
    "receptive_field": "sees",
    "trainable_params": "trainable parameters",
    "buffers": "running statistics",
    "flops": "FLOPs",
    "weight_layers": "layers with weights",
    "input_shape": "input",
    "weights_bytes": "weights",
    "training_bytes": "memory to train",
    "inference_bytes": "memory to predict",
}
Row = tuple[str, str, str]


@click.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How to print the result.",
)
@debug_option
@click.pass_context
def diff(context: click.Context, before: Path, after: Path, output_format: str) -> None:
    """Compare two specs or weights files.

    Ends with 0 where both are the same, and with 1 where they differ.
    """
    from nbcnn import api

    found = api.diff(before, after).as_dict()
    match output_format:
        case "json":
            click.echo(json.dumps(found, indent=2))
        case "markdown":
            click.echo("\n\n".join(_markdown(found)))
        case _:
            _print_text(found)
    context.exit(0 if found["same"] else 1)


def _print_text(found: dict[str, Any]) -> None:
    if found["same"]:
        same = f"; all {counted(len(found['arrays']), 'array')} fit" if found["arrays"] is not None else ""
        click.echo(say(f"{found['before']} and {found['after']} describe the same network{same}"))
        return
    for each in found["layers"]:
        click.echo(f"{MARKS[each['kind']]} {_name(each)}: {'; '.join(_changes(each))}".rstrip(": "))
    for key, (old, new) in found["settings"].items():
        click.echo(f"~ {key}: {_value(key, old)} -> {_value(key, new)}")
    for line in _misfits(found["arrays"]):
        click.echo(say(line))
    click.echo()
    columns = ("", f">{found['before']}", f">{found['after']}", *headings(">change"))
    print_table(say("totals"), columns, _totals(found["totals"]))
    if found["arrays"] is not None:
        click.echo(_fitting(found["arrays"]))


def _markdown(found: dict[str, Any]) -> Iterator[str]:
    """Parts, between which there is an empty line."""
    from .markdown import escaped, markdown_table

    before, after = found["before"], found["after"]
    yield say(f"# {escaped(before)} and {escaped(after)}")
    if found["same"]:
        yield say("They describe the same network.")
        return
    if found["layers"]:
        rows = [(say(each["kind"]), _name(each), "; ".join(_changes(each))) for each in found["layers"]]
        yield markdown_table(("", *headings("layer", "changes")), rows)
    if found["settings"]:
        rows = [(key, _value(key, old), _value(key, new)) for key, (old, new) in found["settings"].items()]
        yield markdown_table((*headings("setting"), before, after), rows)
    columns = (*headings("total"), f">{before}", f">{after}", *headings(">change"))
    yield markdown_table(columns, _totals(found["totals"]))
    if found["arrays"] is not None:
        yield _fitting(found["arrays"])
        if misfits := [f"- {escaped(say(line)[2:])}" for line in _misfits(found["arrays"])]:  # without its mark
            yield "\n".join(misfits)


def _name(each: Mapping[str, Any]) -> str:
    names = dict.fromkeys(name for name in (each["before"], each["after"]) if name)
    return f"{' -> '.join(names)} ({each['type']})"


def _changes(each: Mapping[str, Any]) -> Iterator[str]:
    if each["kind"] in ("added", "removed"):
        yield f"{say('output')} {shape_text(each['output_shape'])}"
        if each["params"]:
            yield say(counted(each["params"], "parameter"))
    for key, (old, new) in (each["fields"] | each["results"]).items():
        if key != "name":  # which both stand before
            yield f"{say(WORDS.get(key, key))} {_value(key, old)} -> {_value(key, new)}"


def _totals(totals: Mapping[str, Sequence[Any]]) -> list[tuple[str, str, str, str]]:
    return [
        (say(WORDS.get(key, key.replace("_", " "))), _value(key, old), _value(key, new), _change(key, old, new))
        for key, (old, new) in totals.items()
    ]


def _change(key: str, old: Any, new: Any) -> str:
    if old == new:
        return ""
    if not isinstance(old, int) or not isinstance(new, int):
        return say("differs")
    more = new - old
    text = bytes_text(abs(more)) if key.endswith("_bytes") else number(abs(more))
    share = f" ({more / old:+.1%})" if old else ""
    return f"{'+' if more > 0 else '-'}{text}{share}"


def _value(key: str, value: Any) -> str:
    if value is None:
        return say({"receptive_field": "all", "training_bytes": "unknown"}.get(key, "none"))
    if key.endswith("_bytes"):
        return bytes_text(value)
    if key == "input_shapes":
        return say(" and ".join(map(shape_text, value)))
    if key in ("input_shape", "output_shape", "receptive_field"):
        return shape_text(value)
    if key == "from":
        return ", ".join(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return number(value)
    return value if isinstance(value, str) else json.dumps(value)


def _misfits(arrays: Sequence[Mapping[str, Any]] | None) -> Iterator[str]:
    for each in arrays or ():
        key, verdict = each["before"] or each["after"], each["verdict"]
        old, new = (None if shape is None else shape_text(shape) for shape in each["shapes"])
        renamed = f" as {each['after']}" if each["before"] and each["after"] and each["before"] != each["after"] else ""
        match verdict:
            case "missing":
                yield f"- array {key} of {old} is missing"
            case "extra":
                yield f"+ array {key} of {new} is extra"
            case "shape differs":
                yield f"~ array {key}{renamed} does not fit: {old} and {new}"
            case "values differ":
                yield f"~ array {key}{renamed} differs by up to {each['largest_difference']:.3g}"
            case _ if renamed:
                yield f"~ array {key} fits{renamed}"


def _fitting(arrays: Sequence[Mapping[str, Any]]) -> str:
    verdicts = [each["verdict"] for each in arrays]
    fitting = sum(verdict in ("fits", "same", "values differ") for verdict in verdicts)
    parts = [f"{number(fitting)} of {counted(len(arrays), 'array')} fit"]
    for verdict, words in (("shape differs", "of another shape"), ("missing", "missing"), ("extra", "extra")):
        if count := verdicts.count(verdict):
            parts.append(f"{number(count)} {words}")
    return say(", ").join(map(say, parts))
