"""`nbcnn validate`: shapes, receptive fields and costs of a spec, or what is wrong with it."""

import json
from pathlib import Path
from typing import Any

import click

from .options import debug_option, format_option, set_option
from .text import bytes_text, counted, number, print_table, shape_text


@click.command()
@click.argument("spec", type=click.Path(path_type=Path))
@format_option
@set_option
@debug_option
@click.pass_context
def validate(context: click.Context, spec: Path, output_format: str, overrides: dict[str, Any]) -> None:
    """Check a spec; show its shapes, receptive fields and costs."""
    from nbcnn import api

    report = api.validate(spec, overrides)
    valid = not any(diagnostic["severity"] == "error" for diagnostic in report["diagnostics"])
    if output_format == "json":
        click.echo(json.dumps(report, indent=2))
    else:
        if valid:
            _print_network(report)
        for diagnostic in report["diagnostics"]:
            click.echo(_line(diagnostic), err=True)
    context.exit(0 if valid else 2)


def _print_network(report: dict[str, Any]) -> None:
    totals = report["totals"]
    rows = [("input", "", shape_text(report["input_shape"]), "", "", "")]
    for layer in report["layers"]:
        field = layer["receptive_field"]
        rows.append(
            (
                layer["name"],
                layer["type"],
                shape_text(layer["output_shape"]),
                number(layer["params"]),
                number(layer["macs"]),
                "all" if field is None else shape_text(field),
            )
        )
    print_table(report["name"], ("layer", "type", "output", ">params", ">MACs", ">sees"), rows)
    with_params = sum(layer["params"] > 0 for layer in report["layers"])
    click.echo(
        f"{counted(with_params, 'layer')} with parameters, {counted(totals['params'], 'parameter')} "
        f"({bytes_text(totals['weights_bytes'])})"
    )
    click.echo(f"{number(totals['macs'])} MACs, {number(totals['flops'])} FLOPs per sample")
    click.echo(
        f"memory: {bytes_text(totals['training_bytes'])} to train on a batch, "
        f"{bytes_text(totals['inference_bytes'])} to predict one sample"
    )


def _line(diagnostic: dict[str, Any]) -> str:
    position = ":".join(str(diagnostic[key]) for key in ("file", "line", "column") if diagnostic[key] is not None)
    place = f"{position}: " if position else ""
    cure = f"; {diagnostic['help']}" if diagnostic["help"] else ""
    return f"{place}{diagnostic['severity']} {diagnostic['code']}: {diagnostic['message']}{cure}"
