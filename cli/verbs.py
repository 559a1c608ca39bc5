"""The verbs of the command, each in a file that is read when the verb, or help on all of them, is asked for."""

from importlib import import_module

import click

from .language import language_option
from .spoken_help import SpokenContext, speaking

VERBS = {
    "bench": "bench",
    "compare": "compare",
    "data": "data",
    "diff": "diff",
    "doctor": "doctor",
    "eval": "evaluate",
    "explain": "explain",
    "fix": "fix",
    "gradcheck": "gradcheck",
    "inspect": "inspect",
    "lr-find": "lr_find",
    "lsp": "lsp",
    "new": "new",
    "plot": "plot",
    "predict": "predict",
    "report": "report",
    "rf": "rf",
    "schema": "schema",
    "step": "step",
    "train": "train",
    "validate": "validate",
    "verify": "verify",
    "warmup": "warmup",
}
"""Each with its file, in which a function has the file's name; in order, as help lists them."""


class Verbs(click.Group):
    """The group of all verbs."""

    context_class = SpokenContext

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*VERBS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in VERBS and cmd_name not in self.commands:
            file = VERBS[cmd_name]
            self.add_command(speaking(language_option(getattr(import_module(f".{file}", __package__), file))))
        return super().get_command(ctx, cmd_name)
