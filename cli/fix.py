"""`nbcnn fix`: what is wrong in a spec and tells what was meant, put right in its text."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbcnn.errors import SpecError

from .diagnostics import print_diagnostics
from .inputs import given_text, specs_argument
from .language import in_language, say
from .options import debug_option, format_option
from .text import counted, number

if TYPE_CHECKING:
    from nbcnn.api import Fixed


@click.command()
@specs_argument
@click.option("--diff", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--unsafe-fixes", is_flag=True, help="Take the first help of all else, too, whatever was meant.")
@format_option
@debug_option
@click.pass_context
def fix(context: click.Context, specs: tuple[Path, ...], diff: bool, unsafe_fixes: bool, output_format: str) -> None:
    """Make the safe fixes of specs in place, or show them."""
    from nbcnn import api

    results: list[dict[str, Any]] = []
    made = errors = more = 0
    for spec in specs:
        text = given_text(spec)
        try:
            fixed = api.fix(spec, unsafe=unsafe_fixes, write=not diff, text=text)
        except SpecError as error:  # no text to fix, but the other files have theirs
            found = in_language(each.as_dict() for each in getattr(error, "diagnostics", ()))
            results.append({"file": str(spec), "fixes": [], "diagnostics": found})
            errors += len(found)
        else:
            results.append(_in_language(fixed.as_dict()))
            made, errors, more = made + len(fixed.made), errors + fixed.errors, more + len(fixed.more)
            if output_format == "text":
                _print_text(fixed, diff, to_output=text is not None)
        if output_format == "text":
            print_diagnostics(results[-1]["diagnostics"])
    if output_format == "json":
        click.echo(json.dumps(results[0] if len(results) == 1 else results, indent=2))
    else:
        click.echo(_summary(made, errors, 0 if unsafe_fixes else more, diff), err=True)
    context.exit(2 if errors else 0)


def _print_text(fixed: "Fixed", diff: bool, to_output: bool) -> None:
    """The fixes, or the difference that they would make; of standard input the whole text."""
    if diff:
        click.echo(fixed.diff(), nl=False)
    elif to_output:
        click.echo(fixed.after, nl=False)
    for found, change in fixed.made:
        verb = "would fix" if diff else "fixed"
        line = f"{fixed.file}:{found.line}: {say(verb)} {found.code.value}: {say(found.message)}; {say(str(change))}"
        click.echo(line, err=diff or to_output)
    for file in dict.fromkeys(edit.file for change in fixed.elsewhere for edit in change.text_edits):
        more = say("more can be fixed in a file that it extends")
        click.echo(f"{fixed.file}: {more}: nbcnn fix {file}", err=True)


def _in_language(result: dict[str, Any]) -> dict[str, Any]:
    made = [{**each, "message": say(each["message"]), "help": say(each["help"])} for each in result["fixes"]]
    return result | {"fixes": made, "diagnostics": in_language(result["diagnostics"])}


def _summary(made: int, errors: int, more: int, diff: bool) -> str:
    parts = [f"{counted(made, 'fix', 'fixes')} {'to make' if diff else 'made'}" if made else "nothing to fix"]
    if errors:
        parts.append(f"{counted(errors, 'error')} left")
    if more:
        parts.append(f"{number(more)} more with --unsafe-fixes")
    return ", ".join(map(say, parts))
