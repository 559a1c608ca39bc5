"""The language server: what an editor sends becomes questions to the files beside, and answers in the protocol's words.

Documents are sent whole, since a spec is short. Lines end with a line feed, as specs' readers count them.
"""

import asyncio
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

import nbcnn
from nbcnn import api
from nbcnn.language_server.checking import Checked, check
from nbcnn.language_server.completing import Kind, completions
from nbcnn.language_server.hovering import hover
from nbcnn.language_server.outline import looks_like_a_spec

DELAY = 0.2
"""Seconds without a change after which a document is checked."""
SOURCE = "nbcnn"

_EXTENDS = re.compile(r"^\s*\"?extends\"?\s*[=:].*$", re.MULTILINE)

_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}
_KINDS: dict[Kind, types.CompletionItemKind] = {
    "key": types.CompletionItemKind.Property,
    "table": types.CompletionItemKind.Module,
    "type": types.CompletionItemKind.Class,
    "layer": types.CompletionItemKind.Reference,
    "value": types.CompletionItemKind.EnumMember,
}


@dataclass
class _Document:
    """What was last found of a document: `checked` of its `version`, `built` the last that had layers.

    `published` is the version of which the client has the diagnostics; None where they are wanted again.
    """

    version: int | None = None
    published: int | None = None
    checked: Checked | None = None
    built: Checked | None = None
    pending: "asyncio.Task[None] | None" = None


class _Server(LanguageServer):
    def __init__(self) -> None:
        super().__init__("nbcnn", nbcnn.__version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.documents: dict[str, _Document] = {}
        self.checking = asyncio.Lock()  # one at a time: more would only slow one another down

    def known(self, uri: str) -> _Document:
        return self.documents.setdefault(uri, _Document())

    def schedule(self, uri: str, delay: float = DELAY) -> None:
        """Check a document soon, unless it changes again before."""
        known = self.known(uri)
        if known.pending is not None:
            known.pending.cancel()
        known.pending = asyncio.get_running_loop().create_task(self._check_later(uri, delay))

    async def _check_later(self, uri: str, delay: float) -> None:
        await asyncio.sleep(delay)
        self.known(uri).pending = None  # from here on it goes to its end
        async with self.checking:
            if uri not in self.documents:
                return  # closed meanwhile
            document = self.workspace.get_text_document(uri)
            version, text = document.version, document.source
            if self.known(uri).published == version:
                return  # a check that waited before this one was of this version
            checked = await asyncio.to_thread(_checked, _file(document), text)
            if uri in self.documents and self.workspace.get_text_document(uri).version == version:
                self.take(uri, version, checked)
                self.known(uri).published = version
                self.publish(document, checked)

    def take(self, uri: str, version: int | None, checked: Checked) -> None:
        known = self.known(uri)
        known.version, known.checked = version, checked
        if checked.report["layers"] and checked.places:
            known.built = checked

    def current(self, document: TextDocument) -> Checked:
        """What is found of a document as it is now."""
        known = self.known(document.uri)
        if known.checked is None or known.version != document.version:
            self.take(document.uri, document.version, _checked(_file(document), document.source))
        assert known.checked is not None
        return known.checked

    def publish(self, document: TextDocument, checked: Checked) -> None:
        found = [_diagnostic(each, document) for each in checked.diagnostics]
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri=document.uri, version=document.version, diagnostics=found)
        )


def _checked(file: str, text: str) -> Checked:
    """The report, or an empty one of a text that is no spec, or that nbcnn fails on: an editor must go on."""
    empty = Checked({"layers": [], "diagnostics": []})
    if not looks_like_a_spec(text, is_json=file.endswith(".json")):
        return empty
    try:
        return check(file, text)
    except Exception:
        logging.getLogger(__name__).exception("%s cannot be checked; this is a bug in nbcnn", file)
        return empty


def _file(document: TextDocument) -> str:
    """The file of a document; one that was never saved is a TOML file in the current folder."""
    if document.uri.startswith("file:") and document.path:
        return str(document.path)
    return Path(document.uri.rpartition(":")[2]).name + (".json" if document.language_id == "json" else ".toml")


def _position(document: TextDocument, line: int, column: int) -> types.Position:
    """From line and column, characters from 1, to what the client counts in, UTF-16 by default."""
    lines = document.source.split("\n")
    if line > len(lines):
        return types.Position(len(lines), 0)
    return types.Position(line - 1, document.position_codec.client_num_units(lines[line - 1][: column - 1]))


def _character(document: TextDocument, position: types.Position) -> int:
    """The number of characters before a position in its line."""
    lines = document.source.split("\n")
    if position.line >= len(lines):
        return 0
    line, units = lines[position.line], 0
    for number, character in enumerate(line):
        if units >= position.character:
            return number
        units += document.position_codec.client_num_units(character)
    return len(line)


def _range(document: TextDocument, found: Mapping[str, Any]) -> types.Range:
    return types.Range(
        _position(document, found["line"], found["column"]),
        _position(document, found["end_line"], found["end_column"]),
    )


def _of_line(document: TextDocument, line: int, column: int, end: int) -> types.Range:
    return types.Range(_position(document, line, column), _position(document, line, end))


def _diagnostic(found: Mapping[str, Any], document: TextDocument) -> types.Diagnostic:
    message = "\n".join(
        [found["message"], *(f"note: {note}" for note in found["notes"]), *(f"help: {each}" for each in found["helps"])]
    )
    if found["line"] is not None and found["file"] == _file(document):
        where = _range(document, found)
    else:
        place = ":".join(str(found[key]) for key in ("file", "line", "column") if found[key] is not None)
        message, where = f"{place}: {message}" if found["line"] is not None else message, _of_extends(document)
    return types.Diagnostic(
        range=where,
        message=message,
        severity=_SEVERITIES[found["severity"]],
        code=found["code"],
        source=SOURCE,
    )


def _of_extends(document: TextDocument) -> types.Range:
    """Where another file is named, in which something is wrong; else the first line."""
    found = _EXTENDS.search(document.source)
    start = found.start() + len(found[0]) - len(found[0].lstrip()) if found else 0
    line = document.source.count("\n", 0, start)
    text = document.source.split("\n")[line]
    return _of_line(document, line + 1, 1, len(text) + 1)


def _actions(document: TextDocument, found: Sequence[Mapping[str, Any]], wanted: types.Range) -> list[types.CodeAction]:
    actions = []
    for each in found:
        for fix in each["fixes"]:
            edits = [edit for edit in fix["edits"] if edit["file"] == _file(document)]
            diagnostic = _diagnostic(each, document)
            if len(edits) < len(fix["edits"]) or not _overlap(diagnostic.range, wanted):
                continue
            changes = [types.TextEdit(_range(document, edit), edit["text"]) for edit in edits]
            actions.append(
                types.CodeAction(
                    title=fix["help"].removeprefix("or "),
                    kind=types.CodeActionKind.QuickFix,
                    diagnostics=[diagnostic],
                    is_preferred=fix["safe"],
                    edit=types.WorkspaceEdit(changes={document.uri: changes}),
                )
            )
    return actions


def _overlap(one: types.Range, other: types.Range) -> bool:
    return not (one.end < other.start or other.end < one.start)


def _fix_all(document: TextDocument) -> list[types.CodeAction]:
    """All safe fixes at once, by the whole text."""
    fixed = api.fix(_file(document), text=document.source)
    if fixed.after == document.source:
        return []
    lines = document.source.split("\n")
    whole = types.Range(types.Position(0, 0), _position(document, len(lines), len(lines[-1]) + 1))
    return [
        types.CodeAction(
            title="Make all safe fixes",
            kind=types.CodeActionKind.SourceFixAll,
            edit=types.WorkspaceEdit(changes={document.uri: [types.TextEdit(whole, fixed.after)]}),
        )
    ]


def create() -> LanguageServer:
    """A server that has not started."""
    server = _Server()

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: types.DidOpenTextDocumentParams) -> None:
        server.schedule(params.text_document.uri, 0)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: types.DidChangeTextDocumentParams) -> None:
        server.schedule(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def saved(params: types.DidSaveTextDocumentParams) -> None:
        for uri, known in list(server.documents.items()):  # any may extend what was saved
            known.published = None
            server.schedule(uri, 0)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    async def closed(params: types.DidCloseTextDocumentParams) -> None:
        known = server.documents.pop(params.text_document.uri, None)
        if known is not None and known.pending is not None:
            known.pending.cancel()
        server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(params.text_document.uri, []))

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hovered(params: types.HoverParams) -> types.Hover | None:
        document = server.workspace.get_text_document(params.text_document.uri)
        if server.known(document.uri).built is None:
            server.current(document)
        markdown = hover(
            document.source,
            params.position.line,
            _character(document, params.position),
            server.known(document.uri).built,
            is_json=_file(document).endswith(".json"),
        )
        return None if markdown is None else types.Hover(types.MarkupContent(types.MarkupKind.Markdown, markdown))

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=['"', "[", "="]))
    def completed(params: types.CompletionParams) -> list[types.CompletionItem]:
        document = server.workspace.get_text_document(params.text_document.uri)
        if _file(document).endswith(".json"):
            return []  # editors complete JSON by the schema
        line = params.position.line
        built = server.known(document.uri).built
        found = completions(
            document.source, line, _character(document, params.position), built.names() if built else ()
        )
        return [
            types.CompletionItem(
                label=each.label,
                kind=_KINDS[each.kind],
                sort_text=f"{number:05}",
                filter_text=each.text,
                documentation=types.MarkupContent(types.MarkupKind.Markdown, each.documentation),
                text_edit=types.TextEdit(
                    types.Range(
                        _position(document, line + 1, each.start + 1), _position(document, line + 1, each.end + 1)
                    ),
                    each.text,
                ),
            )
            for number, each in enumerate(found)
        ]

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix, types.CodeActionKind.SourceFixAll]),
    )
    def acted(params: types.CodeActionParams) -> list[types.CodeAction]:
        document = server.workspace.get_text_document(params.text_document.uri)
        checked = server.current(document)
        wanted = params.context.only or [types.CodeActionKind.QuickFix]
        actions = []
        if any(types.CodeActionKind.QuickFix.startswith(kind) for kind in wanted):
            actions += _actions(document, checked.diagnostics, params.range)
        if types.CodeActionKind.SourceFixAll in wanted or types.CodeActionKind.Source in wanted:
            actions += _fix_all(document)
        return actions

    return server


def serve() -> None:
    """Answer on standard input and output until the client says to exit."""
    create().start_io()
