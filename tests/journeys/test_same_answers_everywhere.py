"""The same app gives the same answers under its own server, by ASGI, by WSGI and by RSGI (C4)."""

from __future__ import annotations

import http.client
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.journeys.servers import SERVERS, serve_everywhere

pytestmark = pytest.mark.slow

# What a server says of itself and of the connection is its own business:
UNLIKE = {
    "date",  # the second may turn between two requests
    "server",  # Bistro's own says nothing about itself
    "connection",  # whether a connection is kept is the server's to decide
    "transfer-encoding",  # so is how a body of unknown length is framed (http.client takes it apart)
    "keep-alive",
}
# What a protocol leaves no room for:
LOST = {
    # RSGI, and granian's WSGI, give the path decoded: an encoded slash is a slash there.
    ("granian rsgi", "an escaped slash"),
    ("granian wsgi", "an escaped slash"),
}


@dataclass(frozen=True)
class Ask:
    """One request."""

    method: str
    path: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    expected: int = 200
    chunked: bool = False


JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
PARTS = {"content-type": "multipart/form-data; boundary=x"}
PAGE = {"accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
FILE_PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n--x--\r\n'
ITEM = b'{"name":"soup","price":4.5,"tags":["hot"]}'

REQUESTS = {
    "the five-line app": Ask("GET", "/"),
    "HEAD": Ask("HEAD", "/"),
    "OPTIONS": Ask("OPTIONS", "/", expected=204),
    "HEAD of a stream": Ask("HEAD", "/stream"),
    "an integer": Ask("GET", "/numbers/42"),
    "no integer": Ask("GET", "/numbers/x", expected=404),
    "a huge integer": Ask("GET", "/numbers/" + "9" * 500, expected=404),
    "text with escapes": Ask("GET", "/texts/caf%C3%A9%20%2B%25"),
    "an escaped slash": Ask("GET", "/texts/a%2Fb"),
    "escapes that are no UTF-8": Ask("GET", "/texts/%FF", expected=400),
    "a path with slashes": Ask("GET", "/paths/a/b//c/"),
    "a path that climbs": Ask("GET", "/paths/%2e%2e/x", expected=404),
    "a query": Ask("GET", "/query?a=1&a=2&b=%C3%A9+x&c"),
    "a query of odd signs": Ask("GET", "/query?a=1;b=2&=x&&c==d"),
    "a query that is no UTF-8": Ask("GET", "/query?a=%FF", expected=400),
    "headers and cookies": Ask("GET", "/headers", headers={"X-One": "1", "X-Two": "a, b", "Cookie": "a=b; c=d"}),
    "not found for a program": Ask("GET", "/nowhere", expected=404),
    "not found for a browser": Ask("GET", "/nowhere", headers=PAGE, expected=404),
    "a slash too many": Ask("GET", "/query/?a=b", expected=308),
    "a method that is not offered": Ask("PATCH", "/items/x", expected=405),
    "JSON": Ask("POST", "/items", ITEM, JSON, 201),
    "JSON in chunks": Ask("POST", "/items", ITEM, JSON, 201, chunked=True),
    "JSON that does not fit": Ask("POST", "/items", b'{"name":1}', JSON, 422),
    "JSON that is none": Ask("POST", "/items", b"{", JSON, 400),
    "JSON too deep": Ask("POST", "/items", b"[" * 5000, JSON, 400),
    "not JSON": Ask("POST", "/items", b"<a/>", {"content-type": "application/xml"}, 415),
    "PUT": Ask("PUT", "/items/old", ITEM, JSON),
    "DELETE": Ask("DELETE", "/items/old", expected=204),
    "a form": Ask("POST", "/form", b"name=soup&price=4.5&tags=a&tags=b", FORM),
    "a form with a fault": Ask("POST", "/form", b"name=soup&price=dear", FORM, 422),
    "an upload": Ask("POST", "/upload", FILE_PART, PARTS),
    "an upload that breaks off": Ask("POST", "/upload", FILE_PART[:-6], PARTS, 400),
    "a body echoed as it comes": Ask("POST", "/echo", b"x" * 300_000),
    "a body too large": Ask("POST", "/size", b"x" * 2_100_000, expected=413),
    "a body too large in chunks": Ask("POST", "/size", b"x" * 2_100_000, expected=413, chunked=True),
    "an empty body": Ask("POST", "/size", b""),
    "a stream": Ask("GET", "/stream"),
    "a stream of known length": Ask("GET", "/stream-of-known-length"),
    "a file": Ask("GET", "/file"),
    "a part of a file": Ask("GET", "/file", headers={"range": "bytes=2-4"}, expected=206),
    "a part that is not there": Ask("GET", "/file", headers={"range": "bytes=99-"}, expected=416),
    "a file the client has": Ask("GET", "/file", headers={"if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT"}, expected=304),
    "a static file": Ask("GET", "/static/a.css"),
    "a static file from memory": Ask("GET", "/static/a.css"),
    "HEAD of a static file": Ask("HEAD", "/static/a.css"),
    "a static file the client has": Ask("GET", "/static/a.css", headers={"if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT"}, expected=304),
    "a part of a static file": Ask("GET", "/static/a.css", headers={"range": "bytes=2-4"}, expected=206),
    "a static file that is not there": Ask("GET", "/static/b.css", expected=404),
    "a static file that climbs": Ask("GET", "/static/%2e%2e/file.txt", expected=404),
    "a big static file": Ask("GET", "/static/big.bin"),
    "a part of a big static file": Ask("GET", "/static/big.bin", headers={"range": "bytes=1000000-2999999"}, expected=206),
    "parts of a big static file that are too many": Ask("GET", "/static/big.bin", headers={"range": "bytes=" + "0-0," * 20 + "1-1"}),
    "a compressed answer": Ask("GET", "/compressible", headers={"accept-encoding": "br"}),
    "HEAD of a compressed answer": Ask("HEAD", "/compressible", headers={"accept-encoding": "br"}),
    "a compressed stream": Ask("GET", "/compressible-stream", headers={"accept-encoding": "gzip"}),
    "a packed body": Ask("POST", "/items", ITEM, {**JSON, "content-encoding": "gzip"}, 415),
    "a redirect": Ask("GET", "/old", expected=308),
    "two cookies": Ask("GET", "/cookies"),
    "an empty answer": Ask("GET", "/empty", expected=204),
    "a refusal by the handler": Ask("GET", "/missing", expected=404),
    "a handler that fails": Ask("GET", "/broken", expected=500),
    "a large answer": Ask("GET", "/large"),
    "liveness": Ask("GET", "/livez"),
}  # fmt: skip


@pytest.fixture(scope="module")
def ports(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """All servers with the same app; the ports that they listen on."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(Path(__file__).with_name("same_answers_site.py"), folder / "app.py")
    (folder / "file.txt").write_text("0123456789")
    (folder / "static").mkdir()
    (folder / "static" / "a.css").write_text("a { color: red }")
    (folder / "static" / "big.bin").write_bytes(bytes(range(256)) * 20_000)
    for name in ("file.txt", "static/a.css", "static/big.bin"):
        os.utime(folder / name, (1_700_000_000, 1_700_000_000))
    with serve_everywhere(folder, root, SERVERS) as found:
        yield found


Answer = tuple[int, list[tuple[str, str]], bytes]


def ask(port: int, request: Ask) -> Answer:
    """Status, headers that have to be alike, and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    # A well-formed id of the request is taken over, so it is alike as well.
    headers = {**request.headers, "x-request-id": "0123456789abcdef01234567"}
    body = iter([request.body[:10], request.body[10:]]) if request.chunked and request.body else request.body
    try:
        connection.request(request.method, request.path, body, headers, encode_chunked=request.chunked)
    except (BrokenPipeError, ConnectionResetError):
        pass  # answered before it was sent; `connection` reads the answer all the same
    response = connection.getresponse()
    content = response.read()
    connection.close()
    found = sorted(
        (name.lower(), value) for name, value in response.getheaders() if name.lower() not in UNLIKE
    )
    return response.status, found, content


@pytest.mark.parametrize("name", REQUESTS)
def test_every_server_gives_the_same_answer(name: str, ports: dict[str, int]) -> None:
    request = REQUESTS[name]
    answers = {server: ask(port, request) for server, port in ports.items()}
    own = answers.pop("bistro")
    assert own[0] == request.expected, own
    for server, answer in answers.items():
        if (server, name) in LOST:
            continue
        assert answer == own, f"{server} differs"


def test_there_are_at_least_forty_requests() -> None:
    assert len(REQUESTS) >= 40
