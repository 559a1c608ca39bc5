"""`nbcnn gradcheck`: whether the gradients of a network's layers are derivatives."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import debug_option, format_option, set_option
from .text import counted, number, print_table

if TYPE_CHECKING:
    from nbcnn.api import Check


@click.command()
@click.argument("spec", type=click.Path(path_type=Path))
@click.option("--samples", type=click.IntRange(min=2), default=3, show_default=True, help="Samples in the batch.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of numbers and weights.")
@format_option
@set_option
@debug_option
@click.pass_context
def gradcheck(
    context: click.Context, spec: Path, samples: int, seed: int, output_format: str, overrides: dict[str, Any]
) -> None:
    """Check every layer's gradient against finite differences."""
    from nbcnn import api

    checks = api.gradcheck(api.load_spec(spec, overrides), samples=samples, seed=seed, on_check=_show)
    failed = sum(not check.agrees for check in checks)
    if output_format == "json":
        click.echo(json.dumps([check.as_dict() for check in checks], indent=2))
    else:
        print_table(
            "slopes along one direction",
            ("layer", "type", ">difference", ">float64", ">float32", ">worst error", "verdict"),
            [_row(check) for check in checks],
        )
        verdict = f"{counted(failed, 'line')} of {number(len(checks))} disagree" if failed else "all agree"
        click.echo(f"{verdict}: finite differences and gradients of the reference, and of the CPU kernels")
    context.exit(1 if failed else 0)


def _show(check: "Check", done: int, total: int) -> None:
    """One line on standard error that the next one replaces, where somebody is looking."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{done} of {total}: {check.name}" if done < total else "\r\x1b[K", nl=False, err=True)


def _row(check: "Check") -> tuple[str, ...]:
    return (
        check.name,
        check.type,
        f"{check.difference:.6g}",
        f"{check.reference:.6g}",
        f"{check.kernels:.6g}",
        f"{max(check.forward_error, check.reference_error, check.kernel_error):.1e}",
        "agrees" if check.agrees else "DISAGREES",
    )
