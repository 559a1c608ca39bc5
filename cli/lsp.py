"""`nbcnn lsp`: a language server for editors."""

import click

from nbcnn.errors import InputError

from .options import debug_option


@click.command()
@debug_option
def lsp() -> None:
    """Serve an editor: problems, shapes, completion, fixes."""
    try:
        from nbcnn.language_server.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        raise InputError("lsp: pygls speaks with the editor and is not installed; pip install 'nbcnn[lsp]'") from None
    serve()
