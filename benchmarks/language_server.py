"""How long an editor waits for `nbcnn lsp`: for its start, and on the main thread of a session for each answer.

usage: python benchmarks/language_server.py [SPEC...], by default three specs of different length. Each has a session of
its own, spoken by pygls' client. Needs the extra `lsp`.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from lsprotocol import types
from pygls.lsp.client import LanguageClient

SPECS = ("specs/lenet5.toml", "specs/densenet121.toml", "specs/resnet152.toml")
ROUNDS = 5


async def milliseconds(work: Callable[[], Awaitable[object]], rounds: int = ROUNDS) -> float:
    """The median time of some work."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        await work()
        taken.append(1e3 * (time.perf_counter() - start))
    return statistics.median(taken)


async def session(path: Path) -> dict[str, float]:
    client = LanguageClient("benchmark", "1")
    published: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def told(found: types.PublishDiagnosticsParams) -> None:
        published.put_nowait(found)

    text, uri, version = path.read_text(), path.resolve().as_uri(), 1
    line = next((number for number, each in enumerate(text.split("\n")) if "type" in each), 0)
    place = types.Position(line, 6)
    document = types.TextDocumentIdentifier(uri)

    async def start() -> None:
        await client.start_io(sys.executable, "-m", "nbcnn_cli", "lsp")
        await client.initialize_async(types.InitializeParams(types.ClientCapabilities()))

    async def opened() -> None:
        client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "toml", version, text))
        )
        await published.get()

    async def changed() -> None:
        nonlocal version
        version += 1
        whole = types.TextDocumentContentChangeWholeDocument(f"{text}# {version}\n")
        client.text_document_did_change(
            types.DidChangeTextDocumentParams(types.VersionedTextDocumentIdentifier(version, uri), [whole])
        )
        await published.get()

    async def hovered() -> None:
        await client.text_document_hover_async(types.HoverParams(document, place))

    async def completed() -> None:
        await client.text_document_completion_async(types.CompletionParams(document, place))

    found = {"start": await milliseconds(start, 1), "opened": await milliseconds(opened, 1)}
    for name, work in (("changed", changed), ("hover", hovered), ("completion", completed)):
        found[name] = await milliseconds(work)
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()
    return found


def main() -> None:
    """Print a table in milliseconds; `changed` has the fifth of a second in it that the server waits."""
    print(f"{'milliseconds':<28}{'start':>10}{'opened':>10}{'changed':>10}{'hover':>10}{'completion':>12}")
    for spec in sys.argv[1:] or SPECS:
        found = asyncio.run(session(Path(spec)))
        cells = "".join(f"{found[name]:>10.0f}" for name in ("start", "opened", "changed", "hover"))
        print(f"{spec:<28}{cells}{found['completion']:>12.0f}")


if __name__ == "__main__":
    main()
