"""F18: a body over its limit is a 413 before it has been received; no handler sees it."""

from __future__ import annotations

import pytest

from bistro import App, Request, Upload
from bistro.testing import LiveServer
from tests.features.support import connect, receive_until

MIB = 1024 * 1024
FORM = b"Content-Type: multipart/form-data; boundary=x\r\n"
JSON = b"Content-Type: application/json\r\n"


def make_app(handled: list[str]) -> App:
    app = App()

    @app.post("/json")
    async def take_json(item: dict[str, str]) -> None:
        handled.append("json")

    @app.post("/json-in-thread")
    def take_json_in_thread(item: dict[str, str]) -> None:
        handled.append("json")

    @app.post("/json-in-place", blocking=False)
    def take_json_in_place(item: dict[str, str]) -> None:
        handled.append("json")

    @app.post("/body")
    async def take_body(request: Request) -> None:
        await request.body()
        handled.append("body")

    @app.post("/file")
    async def take_file(file: Upload) -> None:
        handled.append("file")

    @app.post("/small", body_size_max=10)
    async def take_little(item: dict[str, str]) -> None:
        handled.append("small")

    return app


PATHS = {
    "/json": (JSON, 2 * MIB),
    "/json-in-thread": (JSON, 2 * MIB),
    "/json-in-place": (JSON, 2 * MIB),
    "/body": (b"", 2 * MIB),
    "/file": (FORM, 20 * MIB),
    "/small": (JSON, 10),
}


@pytest.mark.parametrize("path", PATHS)
def test_declared_size_is_refused_before_a_byte_is_sent(path: str) -> None:
    header, limit = PATHS[path]
    handled: list[str] = []
    with LiveServer(make_app(handled)) as server, connect(server) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {limit + 1}\r\n".encode()
        connection.sendall(head + header + b"\r\n")
        answer = receive_until(connection, b"\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert handled == []


@pytest.mark.parametrize("path", PATHS)
def test_client_that_asks_first_hears_the_refusal_instead_of_100(path: str) -> None:
    header, limit = PATHS[path]
    with LiveServer(make_app([])) as server, connect(server) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {limit + 1}\r\n".encode()
        connection.sendall(head + b"Expect: 100-continue\r\n" + header + b"\r\n")
        answer = receive_until(connection, b"\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("path", PATHS)
def test_body_without_a_declared_size_is_counted_as_it_arrives(path: str) -> None:
    header, limit = PATHS[path]
    handled: list[str] = []
    begin = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' if header == FORM else b""
    )
    with LiveServer(make_app(handled)) as server, connect(server) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n".encode()
        connection.sendall(head + header + b"\r\n")
        sent = 0
        for piece in (begin, *[bytes(min(MIB, limit))] * (limit // min(MIB, limit)), b"xx"):
            if piece:
                connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
                sent += len(piece)
        # The body never ends: the refusal does not wait for it.
        answer = receive_until(connection, b"\r\n\r\n")

    assert sent > limit
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert handled == []


def test_others_are_served_meanwhile_and_the_server_lives_on() -> None:
    handled: list[str] = []
    with LiveServer(make_app(handled)) as server, connect(server) as large, connect(server) as small:
        large.sendall(
            b"POST /json HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n" + JSON + b"\r\n"
        )
        small.sendall(b"POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n" + JSON + b"\r\n{}")
        assert receive_until(small, b"\r\n\r\n").startswith(b"HTTP/1.1 204 ")
    assert handled == ["small"]
