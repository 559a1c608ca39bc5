"""Where the command starts, and where every error becomes one message and an exit code."""

import io
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

import click

import nbcnn
from nbcnn.errors import NbcnnError, NbcnnWarning, SpecError

from .language import VARIABLE, by_environment, chosen, in_language, language_option, say
from .options import Debug, debug_option
from .signals import Terminated, end_in_order
from .text import shown
from .verbs import Verbs


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(nbcnn.__version__, prog_name="nbcnn", message="%(prog)s %(version)s")
@debug_option
@partial(language_option, variable=VARIABLE)
def command() -> None:
    """Convolutional networks from one readable file, trained on the CPU you have."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit: 0 done, 1 the work failed, 2 bad input, 128 and its number after a signal."""
    _open_closed_streams()
    end_in_order()
    debug = Debug()
    chosen.set(by_environment())
    try:
        with warnings.catch_warnings():
            warnings.showwarning = partial(_show_warning, warnings.showwarning)
            # Exit codes other than 0 come back as a value: ctx.exit does not raise through to here.
            code = command.main(arguments, prog_name="nbcnn", standalone_mode=False, obj=debug)
        sys.stdout.flush()
    except BaseException as error:
        if isinstance(error, SystemExit):
            raise
        if debug.wanted:
            import traceback

            traceback.print_exc()
        code = _explain(error)
    sys.exit(code if isinstance(code, int) else 0)


def _open_closed_streams() -> None:
    """Where a caller has closed them Python has none, and the next file that is opened would take their number."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def _show_warning(as_python_does: Callable[..., None], message: Warning, *others: Any, **further: Any) -> None:
    """Ours are for whoever uses the command, and need no line of source."""
    if isinstance(message, NbcnnWarning):
        click.echo(f"nbcnn: {shown(say(str(message)))}", err=True)
    else:
        as_python_does(message, *others, **further)


def _explain(error: BaseException) -> int:
    """Print one message for an error, on standard error, and tell its exit code."""
    match error:
        case click.ClickException():
            said = io.StringIO()
            error.show(said)
            with suppress(OSError):  # the terminal may have been closed, here and below
                click.echo("\n".join(map(shown, said.getvalue().split("\n"))), err=True, nl=False)
            return error.exit_code
        case SpecError() if diagnostics := getattr(error, "diagnostics", None):
            from .diagnostics import print_diagnostics

            with suppress(OSError):
                print_diagnostics(in_language(each.as_dict() for each in diagnostics), getattr(error, "unlisted", 0))
            return error.exit_code
        case NbcnnError():
            message, code = str(error), error.exit_code
        case KeyboardInterrupt() | click.Abort() if isinstance(ended := error.__cause__ or error, Terminated):
            # Click makes the one the cause of the other.
            message, code = "terminated; nothing was left half written", 128 + ended.signal_number
        case KeyboardInterrupt() | click.Abort():
            message, code = "interrupted; nothing was left half written", 128 + signal.SIGINT
        case BrokenPipeError():
            # Whoever read the output has left; Python would complain once more when it closes the stream.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        case MemoryError():
            message, code = "there is not enough memory; use a smaller batch_size or network", 1
        case OSError():
            message, code = f"{error.filename or 'output'}: {error.strerror or error}; see that it can be used", 1
        case _:
            message, code = f"{type(error).__name__}: {error}; this is a bug in nbcnn, --debug shows where", 1
    with suppress(OSError):
        click.echo(f"nbcnn: {shown(say(message))}", err=True)
    return code
