"""`nbcnn bench`: where the time of a network's step goes."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import debug_option, format_option, set_option, threads_option
from .text import bytes_text, counted, number, print_table

if TYPE_CHECKING:
    from nbcnn.api import Benchmark, Mode, Row

_PEAKS = {"numpy": "NumPy's float32 matrix product", "tile": "the engine's own float32 product"}


@click.command()
@click.argument("spec", type=click.Path(path_type=Path))
@click.option("--batch-size", type=click.IntRange(min=1), help="Samples in a step.  [default: the spec's]")
@click.option(
    "--mode",
    type=click.Choice(["training", "inference"]),
    default="training",
    show_default=True,
    help="Whether a step is an update or a prediction.",
)
@click.option("--rounds", type=click.IntRange(min=1), default=10, show_default=True, help="Rounds to measure.")
@click.option("--kernels", is_flag=True, help="Show the kernels of each layer.")
@threads_option
@format_option
@set_option
@debug_option
def bench(
    spec: Path,
    batch_size: int | None,
    mode: "Mode",
    rounds: int,
    kernels: bool,
    threads: int | None,
    output_format: str,
    overrides: dict[str, Any],
) -> None:
    """Time a network's step, layer by layer, on random numbers."""
    from nbcnn import api

    from .progress import progress

    described = api.load_spec(spec, overrides)
    with progress() as show:
        result = api.bench(described, mode=mode, batch_size=batch_size, threads=threads, rounds=rounds, on_event=show)
    if output_format == "json":
        click.echo(json.dumps(result.as_dict(), indent=2))
    else:
        _print_rows(result, kernels)
        _print_summary(result)


def _print_rows(result: "Benchmark", with_kernels: bool) -> None:
    rows = []
    for row in result.rows:
        rows.append((row.layer, row.direction or "", *_figures(result, row)))
        if with_kernels:
            rows += [
                (f"  {kernel.kernel}", "", *_figures(result, kernel))
                for kernel in result.kernels
                if (kernel.layer, kernel.direction) == (row.layer, row.direction)
            ]
    title = f"{result.name}: {result.mode}, batches of {number(result.batch_size)}"
    print_table(title, ("layer", "pass", ">thread ms", ">share", ">GFLOP/s", ">of peak"), rows)


def _figures(result: "Benchmark", row: "Row") -> tuple[str, ...]:
    gflops, share = result.row_gflops(row), result.row_share_of_peak(row)
    return (
        f"{1e3 * row.seconds:.3f}",
        _tenths(result.share(row)),
        "" if gflops is None else f"{gflops:.1f}",
        "" if share is None else _tenths(share),
    )


def _tenths(share: float) -> str:
    """0.8386 -> 83.9%: a percentage no sharper than the clock."""
    return f"{100 * share:.1f}%"


def _print_summary(result: "Benchmark") -> None:
    least, most = min(result.step_seconds), max(result.step_seconds)
    peak = result.peak
    click.echo(
        f"step: {_milliseconds(result.seconds)} ({_milliseconds(least)} to {_milliseconds(most)} in "
        f"{counted(len(result.step_seconds), 'round')} of {number(result.steps)}), "
        f"{result.images_per_second:,.0f} images/s"
    )
    click.echo(
        f"{result.gflops:,.1f} GFLOP/s on {counted(result.threads, 'thread')}, {_tenths(result.share_of_peak)} of peak"
    )
    click.echo(
        f"peak: {peak.all_threads:,.1f} GFLOP/s on {counted(result.threads, 'thread')}, {peak.one_thread:,.1f} on one, "
        f"{_PEAKS[peak.source]}"
    )
    click.echo(
        f"compiled: {counted(result.compiled, 'function')}, {bytes_text(result.compiled_bytes)} in the cache on disk"
    )


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.3f} ms"
