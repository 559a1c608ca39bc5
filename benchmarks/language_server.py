"""How long an editor waits for `nbcnn lsp`: for its start, and for each answer.

Each spec has a session of its own, spoken by pygls' client. Needs the extra `lsp`.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from lsprotocol import types
from pygls.lsp.client import LanguageClient

ROOT = Path(__file__).parent.parent
SPECS = [ROOT / "specs" / f"{name}.toml" for name in ("lenet5", "densenet121", "resnet152")]
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("specs", nargs="*", metavar="SPEC", type=Path, help="by default three of different length")
    specs = parser.parse_args().specs or SPECS
    print(f"{'milliseconds':<28}{'start':>10}{'opened':>10}{'changed':>10}{'hover':>10}{'completion':>12}")
    for spec in specs:
        found = asyncio.run(session(spec))
        cells = "".join(f"{found[name]:>10.0f}" for name in ("start", "opened", "changed", "hover"))
        print(f"{spec.name:<28}{cells}{found['completion']:>12.0f}")


if __name__ == "__main__":
    main()
