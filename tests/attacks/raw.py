"""Raw bytes to a real server: what the attack tests over sockets share."""

from __future__ import annotations

import json
import re
import socket
import time
from dataclasses import dataclass, field

from tests.timing import is_within

TIMEOUT_SECONDS = 10.0
OTHERS_SECONDS_MAX = 0.100


@dataclass
class Heard:
    """What came back on one connection."""

    statuses: list[int] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    is_closed: bool = False
    data: bytes = b""


def connect(port: int) -> socket.socket:
    """A connection that hangs for no longer than a test may."""
    return socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS)


def talk(port: int, *pieces: bytes, answers: int = 1) -> Heard:
    """Send `pieces`, then hear `answers` answers, or what there is until the server closes."""
    with connect(port) as client:
        try:
            for piece in pieces:
                client.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has heard enough
        return listen(client, answers)


def listen(client: socket.socket, answers: int) -> Heard:
    """Hear `answers` answers, or what there is until the server closes. Raises TimeoutError."""
    heard, rest = Heard(), b""
    while len(heard.statuses) < answers:
        cut = cut_answer(rest)
        if cut is not None:
            head, body, rest = cut
            heard.heads.append(head)
            heard.bodies.append(body)
            heard.statuses.append(int(head.split(b" ", 2)[1]))
            continue
        try:
            data = client.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        heard.data += data
        rest += data
        if not data:
            heard.is_closed = True
            assert not rest, f"half an answer: {rest[:200]!r}"
            break
    return heard


def cut_answer(data: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Head, body and rest of the first whole answer in `data`."""
    head, mark, rest = data.partition(b"\r\n\r\n")
    if not mark:
        return None
    length = re.search(rb"\r\ncontent-length: (\d+)", head)
    size = int(length[1]) if length else 0
    return (head, rest[:size], rest[size:]) if len(rest) >= size else None


def get(path: str = "/", *, headers: bytes = b"") -> bytes:
    """A request that a well-behaved client would send."""
    return b"GET %b HTTP/1.1\r\nHost: localhost\r\n%b\r\n" % (path.encode("latin-1"), headers)


def post(path: str, body: bytes, content_type: str = "application/json", headers: bytes = b"") -> bytes:
    """A request with a body."""
    return b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: %b\r\nContent-Length: %d\r\n%b\r\n%b" % (
        path.encode("latin-1"),
        content_type.encode(),
        len(body),
        headers,
        body,
    )


def post_chunked(path: str, body: bytes, content_type: str = "application/json") -> bytes:
    """A request whose body says nothing of its length."""
    return (
        b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n"
        % (path.encode(), content_type.encode())
        + body
    )


def assert_clean(heard: Heard, *secrets: str) -> None:
    """Nothing is the server's fault, nothing tells of its inside, and what calls itself JSON is JSON."""
    assert all(200 <= status < 500 for status in heard.statuses), heard.data[:500]
    assert b"Traceback" not in heard.data
    for secret in secrets:
        assert secret.encode() not in heard.data
    for head, body in zip(heard.heads, heard.bodies, strict=True):
        lines = head.split(b"\r\n")
        assert all(re.fullmatch(rb"[a-z0-9-]+: [^\x00-\x08\x0a-\x1f\x7f]*", line) for line in lines[1:]), head
        if b"json" in head.lower() and body:
            json.loads(body.decode(), parse_constant=lambda name: 1 / 0)


def assert_serves(port: int, *, seconds_max: float | None = None) -> None:
    """The server answers the next client, and quickly where that is asked for (best of three)."""
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        heard = talk(port, get("/"))
        best = min(best, time.perf_counter() - started)
        assert heard.statuses == [200]
    assert seconds_max is None or is_within(best, seconds_max)
