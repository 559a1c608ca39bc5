"""Downloads from a server on this machine, which can also break off, lie and ignore what it is asked."""

import hashlib
import http.server
import os
import threading

import pytest

from nbcnn.data import download
from nbcnn.errors import DataError

CONTENT = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """`behaviour` is a set of words; `ranges` records what was asked for."""

    behaviour: frozenset = frozenset()
    limit = len(CONTENT)
    content = CONTENT
    address = ""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/file.gz"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        asked = self.headers.get("Range")
        server.ranges.append(asked)
        if "missing" in server.behaviour:
            return self.send_error(404)
        if server.address:
            self.send_response(302)
            self.send_header("Location", server.address)
            return self.end_headers()
        start = 0
        if asked and "no ranges" not in server.behaviour:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
            shown = start + ("wrong range" in server.behaviour)
            self.send_header("Content-Range", f"bytes {shown}-{len(server.content) - 1}/{len(server.content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(server.content) - start))
        self.end_headers()
        self.wfile.write(server.content[start : start + server.limit])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "SECURE", "http://127.0.0.1:")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "file.gz"


def fetch(server, path, **options):
    download.fetch([server.url], path, len(CONTENT), SHA256, **options)


def part_of(path):
    return path.with_name(path.name + ".part")


def test_a_file_arrives_with_progress(server, path):
    seen = []
    fetch(server, path, on_progress=lambda *progress: seen.append(progress))
    assert path.read_bytes() == CONTENT
    assert os.listdir(path.parent) == ["file.gz"]
    assert seen[0] == ("file.gz", 0, len(CONTENT))
    assert seen[-1] == ("file.gz", len(CONTENT), len(CONTENT))
    assert sorted(seen) == seen


def test_a_broken_connection_is_taken_up_again_where_it_stopped(server, path):
    server.limit = 400_000
    fetch(server, path)
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=400000-", "bytes=800000-"]


def test_a_later_call_goes_on_where_an_earlier_one_stopped(server, path):
    server.limit = 100_000
    with pytest.raises(DataError, match=f"stopped after 300000 of {len(CONTENT)} bytes"):
        fetch(server, path)
    assert part_of(path).read_bytes() == CONTENT[:300_000]
    assert not path.exists()
    server.limit = len(CONTENT)
    fetch(server, path)
    assert server.ranges[-1] == "bytes=300000-"
    assert path.read_bytes() == CONTENT


def test_a_part_that_is_already_whole_needs_no_server(server, path):
    path.parent.mkdir()
    part_of(path).write_bytes(CONTENT)
    fetch(server, path)
    assert server.ranges == []
    assert path.read_bytes() == CONTENT


def test_a_server_that_cannot_resume_is_read_from_the_start(server, path):
    path.parent.mkdir()
    part_of(path).write_bytes(b"old" * 100)
    server.behaviour = frozenset({"no ranges"})
    fetch(server, path)
    assert path.read_bytes() == CONTENT


def test_a_range_that_was_not_asked_for_is_not_written(server, path):
    path.parent.mkdir()
    part_of(path).write_bytes(CONTENT[:100])
    server.behaviour = frozenset({"wrong range"})
    with pytest.raises(DataError, match="another range"):
        fetch(server, path)
    assert part_of(path).read_bytes() == CONTENT[:100]


def test_a_part_that_is_too_long_is_begun_anew(server, path):
    path.parent.mkdir()
    part_of(path).write_bytes(CONTENT + b"x")
    fetch(server, path)
    assert path.read_bytes() == CONTENT


def test_a_wrong_checksum_keeps_nothing(server, path):
    server.content = CONTENT[:-1] + b"x"
    with pytest.raises(DataError, match=f"has SHA-256 .*{SHA256} is expected"):
        fetch(server, path)
    assert os.listdir(path.parent) == []


def test_a_stale_part_is_noticed_and_dropped(server, path):
    path.parent.mkdir()
    part_of(path).write_bytes(b"x" * 1000)
    with pytest.raises(DataError, match="SHA-256"):
        fetch(server, path)
    fetch(server, path)
    assert path.read_bytes() == CONTENT


def test_more_bytes_than_pinned_are_not_taken(server, path):
    server.content = CONTENT + b"x"
    server.limit += 1
    with pytest.raises(DataError, match=f"more than the {len(CONTENT)} bytes"):
        fetch(server, path)
    assert part_of(path).stat().st_size == 0


def test_the_next_address_is_tried(server, path):
    with Server() as broken:
        broken.behaviour = frozenset({"missing"})
        thread = threading.Thread(target=broken.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        download.fetch([broken.url, "http://127.0.0.1:9/file.gz", server.url], path, len(CONTENT), SHA256)
        broken.shutdown()
        thread.join()
    assert path.read_bytes() == CONTENT


def test_every_address_that_failed_gives_its_reason(server, path):
    server.behaviour = frozenset({"missing"})
    with pytest.raises(DataError, match=r"file.gz: HTTP 404 Not Found; http://127.0.0.1:9/file.gz: Connection refused"):
        download.fetch([server.url, "http://127.0.0.1:9/file.gz"], path, len(CONTENT), SHA256)


def test_a_folder_that_cannot_be_written_is_named(server, tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(DataError, match=r"file.gz.part: the file cannot be written"):
        fetch(server, tmp_path / "data" / "file.gz")


@pytest.mark.parametrize("address", ["http://localhost:9/file.gz", "file:///etc/passwd", "ftp://127.0.0.1/file.gz"])
def test_no_redirect_leads_to_an_insecure_address(server, path, address):
    server.address = address
    with pytest.raises(DataError, match="an address of .* is expected, received|not allowed"):
        download.fetch([server.url], path, len(CONTENT), SHA256)
    assert not path.exists()


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/file.gz", "file:///etc/hosts", "HTTP://127.0.0.1/", "/etc/hosts"]
)
def test_nothing_is_fetched_but_over_https(path, address):
    with pytest.raises(DataError, match="an address of https:// is expected"):
        download.fetch([address], path, len(CONTENT), SHA256)
    assert not path.parent.exists()
