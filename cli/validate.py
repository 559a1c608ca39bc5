"""`nbcnn validate`: shapes, receptive fields and costs of a spec, or what is wrong with it."""

import json
from pathlib import Path
from typing import Any

import click

from .diagnostics import print_diagnostics
from .options import debug_option, format_option, set_option
from .text import bytes_text, counted, number, print_table, shape_text


@click.command()
@click.argument("spec", type=click.Path(path_type=Path))
@click.option("--explain", is_flag=True, help="Show how output sizes come about, and what sharing weights saves.")
@format_option
@set_option
@debug_option
@click.pass_context
def validate(context: click.Context, spec: Path, explain: bool, output_format: str, overrides: dict[str, Any]) -> None:
    """Check a spec; show its shapes, receptive fields and costs."""
    from nbcnn import api

    report = api.validate(spec, overrides, explain=explain)
    valid = not any(diagnostic["severity"] == "error" for diagnostic in report["diagnostics"])
    if output_format == "json":
        click.echo(json.dumps(report, indent=2))
    else:
        if valid:
            _print_network(report)
            if explain:
                _print_explanations(report)
        print_diagnostics(report["diagnostics"])
    context.exit(0 if valid else 2)


def _print_network(report: dict[str, Any]) -> None:
    totals = report["totals"]
    rows = [("input", "", shape_text(report["input_shape"]), "", "", "", "")]
    for layer in report["layers"]:
        field = layer["receptive_field"]
        before = rows[-1][0]
        rows.append(
            (
                layer["name"],
                layer["type"],
                shape_text(layer["output_shape"]),
                number(layer["params"]),
                number(layer["macs"]),
                "all" if field is None else shape_text(field),
                "" if layer["inputs"] == [before] else _sources(layer["name"], layer["inputs"]),
            )
        )
    columns = ("layer", "type", "output", ">params", ">MACs", ">sees", "reads")
    shown = len(columns) if any(row[-1] for row in rows) else len(columns) - 1
    print_table(report["name"], columns[:shown], [row[:shown] for row in rows])
    click.echo(
        f"{counted(totals['weight_layers'], 'layer')} with weights, {counted(totals['params'], 'parameter')} "
        f"({bytes_text(totals['weights_bytes'])})"
    )
    if totals["trainable_params"] < totals["params"]:
        click.echo(f"{number(totals['trainable_params'])} of them change in training")
    if totals["buffers"]:
        click.echo(f"{number(totals['buffers'])} numbers in running statistics")
    click.echo(f"{number(totals['macs'])} MACs, {number(totals['flops'])} FLOPs per sample")
    training = (
        "" if totals["training_bytes"] is None else f"{bytes_text(totals['training_bytes'])} to train on a batch, "
    )
    click.echo(f"memory: {training}{bytes_text(totals['inference_bytes'])} to predict one sample")


def _print_explanations(report: dict[str, Any]) -> None:
    """Sizes by floor((input + padding before + after - window) / stride) + 1, and the parameters that sharing saves."""
    click.echo()
    for layer in report["layers"]:
        for line in layer["arithmetic"]:
            click.echo(f"{layer['name']}: {line}")
        if layer["saved_params"]:
            click.echo(
                f"{layer['name']}: {counted(layer['params'], 'parameter')}, {number(layer['saved_params'])} fewer than "
                "fully connected"
            )
    click.echo(f"shared weights save {number(report['totals']['saved_params'])} parameters in all")


def _sources(owner: str, names: list[str]) -> str:
    """The first names of what a layer reads; one in the same block as the layer is cut to a dot and its last part."""
    block = owner.rpartition(".")[0]
    shown = [name[len(block) :] if block and name.rpartition(".")[0] == block else name for name in names]
    return ", ".join(shown if len(shown) <= 3 else [*shown[:2], f"and {len(shown) - 2} more"])
