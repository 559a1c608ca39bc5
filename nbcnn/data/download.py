"""One file by HTTPS: resumed where it stopped, checked against a pinned digest, then renamed into place."""

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from nbcnn.data.files import reason
from nbcnn.errors import DataError

# Called with the file's name, the bytes present and the bytes in all.
Progress = Callable[[str, int, int], None]

SECURE = "https://"
PIECE = 1 << 16
TIMEOUT = 20.0  # seconds without a byte
ATTEMPTS = 3  # connections to one server, as long as each brings some bytes


class _Stopped(Exception):
    """The server did not deliver; the next one may."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a server to another address, unless there anybody on the way could change what is sent."""

    def redirect_request(
        self, request: urllib.request.Request, answer: Any, code: int, reason: str, headers: Any, address: str
    ) -> urllib.request.Request | None:
        _refuse_insecure(address)
        return super().redirect_request(request, answer, code, reason, headers, address)


def _refuse_insecure(address: str) -> None:
    if not address.startswith(SECURE):
        raise urllib.error.URLError(f"an address of {SECURE} is expected, received {address[:200]!r}")


def fetch(urls: Iterable[str], path: Path, size: int, sha256: str, on_progress: Progress | None = None) -> None:
    """Brings a file of `size` bytes with this digest to `path` from the first of `urls` that delivers it.

    What has arrived lies in `path` + ".part" until it is whole and checked; a later call goes on from there. Several
    processes may do this at once: each writes the same bytes to the same places.
    Raises DataError, with the reason of every address, where none delivers, and where the file cannot be written.
    """
    part = path.with_name(path.name + ".part")

    def report(done: int) -> None:
        if on_progress is not None:
            on_progress(path.name, done, size)

    reasons = []
    for url in urls:
        try:
            _receive_all(url, part, size, report)
            _put_in_place(part, path, sha256)
            return
        except _Stopped as stopped:
            reasons.append(f"{url}: {stopped}")
        except OSError as error:
            if path.exists() and not part.exists():  # another process was faster
                return
            raise DataError(
                f"{part}: the file cannot be written ({reason(error)}); make room or choose another data directory"
            ) from None
    raise DataError("; ".join(reasons))


def _receive_all(url: str, part: Path, size: int, report: Callable[[int], None]) -> None:
    for _ in range(ATTEMPTS):
        before = _bytes_in(part)
        if before != size:
            _receive(url, part, before if before < size else 0, size, report)
        after = _bytes_in(part)
        if after == size:
            return
        if after <= before:
            break
    raise _Stopped(f"it stopped after {after} of {size} bytes; run the command again to go on from there")


def _bytes_in(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _receive(url: str, part: Path, start: int, size: int, report: Callable[[int], None]) -> None:
    """Adds to `part` what one connection delivers, from byte `start` where the server can do that, else from 0."""
    headers = {"User-Agent": "nbcnn"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        _refuse_insecure(url)
        opener = urllib.request.build_opener(_Redirects)
        response = opener.open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
    except (OSError, http.client.HTTPException) as error:
        raise _Stopped(_reason(error)) from None
    part.parent.mkdir(parents=True, exist_ok=True)
    part.touch()
    with response, part.open("r+b") as file:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            start = 0
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise _Stopped("it sent another range of bytes than the one asked for")
        file.truncate(start)
        file.seek(start)
        report(start)
        while piece := _next_piece(response):
            if file.tell() + len(piece) > size:
                file.truncate(0)
                raise _Stopped(f"it sent more than the {size} bytes that this file has")
            file.write(piece)
            report(file.tell())


def _next_piece(response: http.client.HTTPResponse) -> bytes:
    """Empty at the end and where the connection breaks: how much is missing, the size of the file tells."""
    try:
        return response.read1(PIECE)
    except (OSError, http.client.HTTPException):
        return b""


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return reason(error.reason) if isinstance(error.reason, BaseException) else str(error.reason)
    return reason(error)


def _put_in_place(part: Path, path: Path, sha256: str) -> None:
    with part.open("rb+") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    if digest != sha256:
        part.unlink()
        raise _Stopped(f"its file has SHA-256 {digest}, {sha256} is expected")
    os.replace(part, path)
