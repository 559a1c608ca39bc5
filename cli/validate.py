"""`nbcnn validate`: shapes, receptive fields and costs of specs, or what is wrong with them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from .diagnostics import print_diagnostics
from .inputs import given_text, specs_argument
from .language import headings, in_language, say
from .lightness import lightly
from .network import Report, explanations, is_valid, layer_table, totals
from .options import codes_option, debug_option, formats_option, set_option
from .text import number, print_table


@click.command()
@specs_argument
@click.option("--explain", is_flag=True, help="Show how output sizes come about, and what sharing weights saves.")
@click.option("--strict", is_flag=True, help="End with 2 for warnings, too.")
@codes_option("--select", "Warnings and advice to give, NB2 or NB201,NB204, and no others.")
@codes_option("--ignore", "Warnings and advice not to give.")
@formats_option("text", "json", "markdown", "github", "sarif")
@set_option
@debug_option
@click.pass_context
def validate(
    context: click.Context,
    specs: tuple[Path, ...],
    explain: bool,
    strict: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    output_format: str,
    overrides: dict[str, Any],
) -> None:
    """Check specs; show their shapes, receptive fields and costs."""
    with lightly():
        from nbcnn import api

    reports, texts = [], {}
    for spec in specs:
        text = texts[str(spec)] = given_text(spec)
        with lightly():
            report = api.validate(spec, overrides, explain=explain, text=text)
        wanted = [each for each in report["diagnostics"] if _is_wanted(each, select, ignore)]
        reports.append(report | {"diagnostics": in_language(wanted)})
    _print(reports, output_format, texts, explain)
    counts = {"error", "warning"} if strict else {"error"}
    found = {diagnostic["severity"] for report in reports for diagnostic in report["diagnostics"]}
    context.exit(2 if counts & found else 0)


def _is_wanted(diagnostic: dict[str, Any], select: tuple[str, ...], ignore: tuple[str, ...]) -> bool:
    """Errors always are."""
    code = diagnostic["code"]
    return diagnostic["severity"] == "error" or (code.startswith(select or "") and not code.startswith(ignore))


def _print(reports: Sequence[Report], output_format: str, texts: dict[str, str | None], explain: bool) -> None:
    match output_format:
        case "json":
            click.echo(json.dumps(reports[0] if len(reports) == 1 else reports, indent=2))
        case "markdown":
            from .markdown import markdown

            click.echo("\n".join(markdown(report, explain) for report in reports), nl=False)
        case "github":
            from .github import annotations

            for line in annotations(reports):
                click.echo(line)
        case "sarif":
            from .sarif import sarif

            click.echo(json.dumps(sarif(reports, texts), indent=2))
        case _:
            _print_text(reports, explain)


def _print_text(reports: Sequence[Report], explain: bool) -> None:
    if len(reports) > 1:
        _print_summary(reports)
    elif is_valid(reports[0]):
        columns, rows = layer_table(reports[0])
        print_table(reports[0]["name"], columns, rows)
        for line in totals(reports[0]):
            click.echo(line)
        if explain:
            click.echo()
            for line in explanations(reports[0]):
                click.echo(line)
    with_diagnostics = [report for report in reports if report["diagnostics"]]
    for number_before, report in enumerate(with_diagnostics):
        if number_before:
            click.echo(err=True)
        print_diagnostics(report["diagnostics"])


def _print_summary(reports: Sequence[Report]) -> None:
    """A line for each of several specs."""
    columns = headings("file", ">params", ">MACs", ">errors", ">warnings")
    rows = []
    for report in reports:
        sums = report["totals"]
        costs = (number(sums["params"]), number(sums["macs"])) if is_valid(report) else ("", "")
        found = [diagnostic["severity"] for diagnostic in report["diagnostics"]]
        rows.append((report["file"], *costs, number(found.count("error")), number(found.count("warning"))))
    print_table(say(f"{len(reports)} specs"), columns, rows)
