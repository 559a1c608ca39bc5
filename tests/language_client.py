"""A client of the language server: JSON-RPC over the pipes of a process, as an editor speaks."""

import json
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any, Self

ROOT = Path(__file__).parent.parent
PATIENCE = 60.0
"""Seconds for an answer: a busy machine takes long to start a process."""


class Client:
    """A session: `opened` documents by their URI with the versions that were sent last."""

    def __init__(self, **capabilities: Any) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nbcnn_cli", "lsp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
        )
        self.messages: Queue[dict[str, Any]] = Queue()
        self.passed: deque[dict[str, Any]] = deque()
        self.number = 0
        self.versions: dict[str, int] = {}
        Thread(target=self._read, daemon=True).start()
        self.server = self.request("initialize", {"processId": None, "rootUri": None, "capabilities": capabilities})
        self.notify("initialized", {})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.request("shutdown", None)
        self.notify("exit", None)
        self.process.wait(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream
            stream.close()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream
        while True:
            length = 0
            try:
                while line := stream.readline().strip():
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                body = stream.read(length)
            except ValueError:  # the pipe was closed
                return
            if not body:
                return
            self.messages.put(json.loads(body))

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0"} | message).encode()
        assert self.process.stdin
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def notify(self, method: str, parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def request(self, method: str, parameters: Any) -> Any:
        """The answer; what the server says meanwhile is kept."""
        self.number += 1
        self._send({"id": self.number, "method": method, "params": parameters})
        while True:
            message = self._next()
            if message.get("id") == self.number and "method" not in message:
                assert "error" not in message, message["error"]
                return message["result"]
            self.passed.append(message)

    def _next(self) -> dict[str, Any]:
        try:
            return self.messages.get(timeout=PATIENCE)
        except Empty:
            raise AssertionError(f"no message; the process has ended with {self.process.poll()}") from None

    def open(self, uri: str, text: str, language: str = "toml") -> list[dict[str, Any]]:
        """Its diagnostics."""
        self.versions[uri] = 1
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return self.diagnostics(uri)

    def change(self, uri: str, text: str) -> None:
        self.versions[uri] += 1
        document = {"uri": uri, "version": self.versions[uri]}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def diagnostics(self, uri: str) -> list[dict[str, Any]]:
        """Those of the version that was sent last."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            message = self.passed.popleft() if self.passed else self._next()
            parameters = message.get("params") or {}
            is_of_it = message.get("method") == "textDocument/publishDiagnostics" and parameters["uri"] == uri
            if is_of_it and parameters.get("version") == self.versions[uri]:
                return list(parameters["diagnostics"])
        raise AssertionError("no diagnostics of this version")

    def ask(self, feature: str, uri: str, line: int, character: int, **more: Any) -> Any:
        """What the server says about a position."""
        place = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
        return self.request(f"textDocument/{feature}", place | more)

    def actions(self, uri: str, line: int, **context: Any) -> list[dict[str, Any]]:
        where = {"start": {"line": line, "character": 0}, "end": {"line": line, "character": 1000}}
        parameters = {"textDocument": {"uri": uri}, "range": where, "context": {"diagnostics": []} | context}
        return list(self.request("textDocument/codeAction", parameters))


def applied(text: str, edits: list[dict[str, Any]]) -> str:
    """The text with the edits of a code action or a completion, in units of UTF-16."""
    lines = text.split("\n")

    def offset(place: dict[str, int]) -> int:
        before = "\n".join(lines[: place["line"]]) + ("\n" if place["line"] else "")
        return len(before.encode("utf-16-le")) // 2 + place["character"]

    units = text.encode("utf-16-le")
    for edit in sorted(edits, key=lambda each: offset(each["range"]["start"]), reverse=True):
        start, end = (2 * offset(edit["range"][side]) for side in ("start", "end"))
        units = units[:start] + edit["newText"].encode("utf-16-le") + units[end:]
    return units.decode("utf-16-le")
