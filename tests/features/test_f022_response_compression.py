"""F22: response compression: gzip (and br/zstd)."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator

import brotli
import pytest
from backports import zstd

from bistro import App, Html, Response, Stream
from bistro.plugins import Compression
from bistro.testing import LiveServer
from tests.features.support import connect, fetch, receive_until

TEXT = "Soup of the day, and bread. " * 200
UNPACK = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstd.decompress}


def make_app() -> App:
    app = App(Compression())

    @app.get("/async")
    async def in_loop() -> str:
        return TEXT

    @app.get("/sync")
    def in_thread() -> dict[str, str]:
        return {"text": TEXT}

    @app.get("/page")
    async def page() -> Html:
        return Html(TEXT)

    @app.get("/log-in")
    async def log_in() -> Response:
        response = Html(TEXT)
        response.set_cookie("session", "secret")
        return response

    @app.get("/stream")
    async def stream() -> Stream:
        async def pieces() -> AsyncIterator[str]:
            for _ in range(3):
                yield TEXT

        return Stream(pieces(), content_type="text/plain")

    return app


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_f022_answers_and_streams_are_compressed_as_the_client_likes(coding: str) -> None:
    with LiveServer(make_app()) as server:
        for path in ("/async", "/sync", "/stream"):
            plain, answer = fetch(server, path), fetch(server, path, headers={"accept-encoding": coding})
            assert (plain.headers["content-encoding"], answer.headers["content-encoding"]) == (None, coding)
            assert UNPACK[coding](answer.body) == plain.body
            assert answer.headers["vary"] == plain.headers["vary"] == "accept-encoding"
            assert len(answer.body) < len(plain.body) / 5


def test_f022_head_is_consistent() -> None:
    with LiveServer(make_app()) as server:
        get = fetch(server, "/async", headers={"accept-encoding": "gzip"})
        head = fetch(server, "/async", "HEAD", headers={"accept-encoding": "gzip"})
    assert head.body == b""
    for name in ("content-length", "content-encoding", "vary", "content-type"):
        assert head.headers[name] == get.headers[name]


def test_f022_pages_with_secrets_are_left_alone() -> None:
    with LiveServer(make_app()) as server:
        known = fetch(server, "/page", headers={"accept-encoding": "gzip", "cookie": "session=1"})
        setting = fetch(server, "/log-in", headers={"accept-encoding": "gzip"})
        anybody = fetch(server, "/page", headers={"accept-encoding": "gzip"})
    assert [each.headers["content-encoding"] for each in (known, setting, anybody)] == [None, None, "gzip"]


def test_f022_each_piece_of_a_stream_can_be_read_when_it_comes() -> None:
    app = App(Compression())

    @app.get("/endless")
    async def endless() -> Stream:
        async def pieces() -> AsyncIterator[str]:
            yield TEXT
            while True:
                await asyncio.sleep(3600)
                yield ""

        return Stream(pieces(), content_type="text/plain")

    with LiveServer(app) as server, connect(server) as client:
        client.sendall(b"GET /endless HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: br\r\n\r\n")
        received = receive_until(client, b"\r\n\r\n")
        while not received.partition(b"\r\n\r\n")[2].count(b"\r\n") >= 2:
            received += client.recv(65536)
    size, _, rest = received.partition(b"\r\n\r\n")[2].partition(b"\r\n")
    assert brotli.Decompressor().process(rest[: int(size, 16)]).decode() == TEXT
