from __future__ import annotations

import asyncio
import gzip
import os
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest

from bistro.app import BaseApp
from bistro.http import EventStream, File, Html, Json, JsonLines, Request, Response, Stream, Text, compress
from bistro.http.content_coding import find_codings
from bistro.plugins import Compression, CompressionError, ETags
from bistro.plugins import compression as plugin
from bistro.testing import AsyncClient, Client

TEXT = "Soup of the day, and bread. " * 100
NOISE = "".join(chr(33 + byte % 90) for byte in os.urandom(1200))
BIG = "".join(f"line {number}\n" for number in range(20_000))


def make_app(*plugins: Any, compression: Compression | None = None) -> BaseApp:
    app = BaseApp(compression or Compression(), *plugins)

    @app.get("/text", blocking=False)
    def text() -> str:
        return TEXT

    @app.get("/thread")
    def thread() -> str:
        return TEXT

    @app.get("/json")
    async def json() -> dict[str, str]:
        return {"text": TEXT}

    @app.get("/html")
    async def html() -> Html:
        return Html(TEXT)

    @app.get("/short")
    async def short() -> str:
        return "soup"

    @app.get("/big")
    async def big() -> str:
        return BIG

    @app.get("/picture")
    async def picture() -> Response:
        return Response(TEXT, content_type="image/png")

    @app.get("/tagged")
    async def tagged() -> Text:
        return Text(TEXT, headers={"etag": '"soup"', "accept-ranges": "bytes", "vary": "origin"})

    @app.get("/broken")
    async def broken() -> str:
        raise RuntimeError

    return app


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(make_app(), raise_server_errors=False) as client:
        yield client


def get(client: Client, path: str, accepted: str = "gzip", **headers: str) -> Any:
    return client.get(path, headers={"accept-encoding": accepted, **headers})


@pytest.mark.parametrize("path", ["/text", "/thread", "/json", "/html"])
def test_answer_is_compressed_with_its_length(client: Client, path: str) -> None:
    plain, answer = client.get(path), get(client, path)
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert gzip.decompress(answer.content) == plain.content
    assert answer.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert answer.headers["content-type"] == plain.headers["content-type"]


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, br", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("*", "zstd"),
        ("*;q=0", None),
        ("gzip;q=0", None),
        ("identity;q=1, gzip;q=0.5", None),
        ("deflate", None),
        ("", None),
        ("\xff", None),
    ],
)
def test_coding_is_the_one_that_the_client_likes_best(
    client: Client, accepted: str, coding: str | None
) -> None:
    assert get(client, "/text", accepted).headers.get("content-encoding") == coding


@pytest.mark.parametrize("coding", find_codings())
def test_every_coding_gives_back_what_was_sent(client: Client, coding: str) -> None:
    for path in ("/text", "/big"):
        assert unpack(coding, get(client, path, coding).content) == client.get(path).content


@pytest.mark.parametrize("path", ["/short", "/picture", "/broken"])
def test_what_is_small_or_of_another_kind_is_left_alone(client: Client, path: str) -> None:
    answer = get(client, path)
    assert "content-encoding" not in answer.headers


def test_what_would_not_get_smaller_is_left_as_it_is() -> None:
    app = make_app(compression=Compression(size_min=0))

    @app.get("/tiny")
    async def tiny() -> str:
        return "a"

    with Client(app) as client:
        answer = get(client, "/tiny")
    assert (answer.text, "content-encoding" in answer.headers) == ("a", False)
    assert answer.headers["vary"] == "accept-encoding"


def test_head_says_what_get_sends(client: Client) -> None:
    for path in ("/text", "/big", "/short"):
        head = client.head(path, headers={"accept-encoding": "gzip"})
        assert dict(head.headers) == dict(get(client, path).headers)
        assert head.content == b""


def test_strong_tag_becomes_weak_and_other_words_stay(client: Client) -> None:
    answer = get(client, "/tagged")
    assert answer.headers["etag"] == 'W/"soup"'
    assert answer.headers["vary"] == "origin, accept-encoding"
    assert "accept-ranges" not in answer.headers
    assert client.get("/tagged").headers["etag"] == '"soup"'


@pytest.mark.parametrize("tags_first", [True, False])
def test_client_that_has_the_answer_gets_304_with_the_tag_that_it_knows(tags_first: bool) -> None:
    compression, tags = Compression(), ETags()
    plugins: list[Any] = [tags, compression] if tags_first else [compression, tags]
    app = BaseApp(*plugins)

    @app.get("/")
    async def page() -> str:
        return TEXT

    with Client(app) as client:
        for accepted in ("gzip", "identity"):
            etag = get(client, "/", accepted).headers["etag"]
            known = get(client, "/", accepted, **{"if-none-match": etag})
            assert (known.status, known.headers["etag"], known.content) == (304, etag, b"")


@pytest.mark.parametrize(
    "headers",
    [
        {"content-encoding": "br"},
        {"cache-control": "public, no-transform"},
        {"cache-control": "private, max-age=60"},
        {"cache-control": "no-store"},
        {"set-cookie": "a=b"},
    ],
)
def test_answer_that_says_so_is_left_alone(headers: dict[str, str]) -> None:
    app = make_app()

    @app.get("/own")
    async def own() -> Text:
        return Text(TEXT, headers=headers)

    with Client(app) as client:
        answer = get(client, "/own")
    assert answer.text == TEXT
    assert answer.headers.get("content-encoding") == headers.get("content-encoding")


@pytest.mark.parametrize("name", ["cookie", "authorization"])
def test_pages_for_somebody_known_are_left_alone_unless_told(name: str) -> None:
    with Client(make_app()) as client:
        assert "content-encoding" not in get(client, "/html", **{name: "a=b"}).headers
        assert "content-encoding" in get(client, "/json", **{name: "a=b"}).headers
    with Client(make_app(compression=Compression(private=True))) as client:
        assert "content-encoding" in get(client, "/html", **{name: "a=b"}).headers


def test_big_answers_are_compressed_off_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    in_thread: list[bool] = []

    def note(content: bytes, coding: str) -> bytes:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            in_thread.append(True)
        else:
            in_thread.append(False)
        return compress(content, coding)

    monkeypatch.setattr(plugin, "compress", note)
    with Client(make_app()) as client:
        get(client, "/big")
        get(client, "/text")
    assert in_thread == [True, False]


# --- streams ------------------------------------------------------------------------------------------------


class Rows:
    """What a stream is made of, and what became of it."""

    def __init__(self) -> None:
        self.closed: list[str] = []
        self.go_on = asyncio.Event()

    async def async_rows(self) -> AsyncIterator[str]:
        try:
            yield "first " * 50
            await self.go_on.wait()
            yield ""
            yield BIG
        finally:
            self.closed.append("async")

    def sync_rows(self) -> Iterator[str]:
        try:
            yield "first " * 50
            yield BIG
        finally:
            self.closed.append("sync")


def make_stream_app(rows: Rows) -> BaseApp:
    app = BaseApp(Compression())

    @app.get("/async")
    async def async_stream() -> Stream:
        return Stream(rows.async_rows(), content_type="text/csv", headers={"x-own": "1"})

    @app.get("/sync")
    async def sync_stream() -> Stream:
        return Stream(rows.sync_rows(), content_type="text/csv", length=len("first " * 50 + BIG))

    @app.get("/list")
    async def list_stream() -> Stream:
        return Stream(["first ", "second"], content_type="text/plain")

    @app.get("/lines")
    async def lines() -> JsonLines[dict[str, int]]:
        return JsonLines([{"a": 1}, {"a": 2}])

    @app.get("/events")
    async def events() -> EventStream[str]:
        return EventStream(["hello"])

    @app.get("/file")
    def file() -> File:
        return File(Path(__file__))

    return app


@pytest.mark.parametrize("coding", find_codings())
@pytest.mark.parametrize("path", ["/async", "/sync"])
def test_stream_comes_piece_by_piece_and_whole(coding: str, path: str) -> None:
    async def go() -> None:
        rows = Rows()
        async with (
            AsyncClient(make_stream_app(rows)) as client,
            client.stream("GET", path, headers={"accept-encoding": coding}) as answer,
        ):
            assert answer.headers["content-encoding"] == coding
            assert "content-length" not in answer.headers
            unpacker = unpackers(coding)
            pieces = answer.iter_bytes()
            # The first piece can be read although nothing else is there yet.
            text = unpacker(await anext(pieces))
            assert text.startswith(b"first " * 50)
            rows.go_on.set()
            async for piece in pieces:
                text += unpacker(piece)
        assert text.decode() == "first " * 50 + BIG
        assert rows.closed == [path[1:]]

    asyncio.run(go())


def test_stream_that_nobody_reads_to_its_end_is_closed() -> None:
    async def go() -> list[str]:
        rows = Rows()
        async with (
            AsyncClient(make_stream_app(rows)) as client,
            client.stream("GET", "/async", headers={"accept-encoding": "gzip"}) as answer,
        ):
            await anext(answer.iter_bytes())
        return rows.closed

    assert asyncio.run(go()) == ["async"]


def test_head_of_a_stream_says_what_get_would() -> None:
    rows = Rows()
    with Client(make_stream_app(rows)) as client:
        head = client.head("/sync", headers={"accept-encoding": "gzip"})
        assert (head.headers["content-encoding"], "content-length" in head.headers) == ("gzip", False)


def test_headers_of_a_stream_stay() -> None:
    rows = Rows()
    rows.go_on.set()
    with Client(make_stream_app(rows)) as client:
        answer = get(client, "/async")
        assert (answer.headers["x-own"], answer.headers["content-type"]) == ("1", "text/csv")
        assert answer.headers.get_all("content-type") == ["text/csv"]


def test_lists_and_json_lines_are_streams_as_well() -> None:
    with Client(make_stream_app(Rows())) as client:
        assert gzip.decompress(get(client, "/list").content) == b"first second"
        assert gzip.decompress(get(client, "/lines").content) == b'{"a":1}\n{"a":2}\n'


def test_events_and_files_are_left_alone() -> None:
    with Client(make_stream_app(Rows())) as client:
        for path in ("/events", "/file"):
            assert "content-encoding" not in get(client, path).headers


# --- configuration ----------------------------------------------------------------------------------------


def test_misspelt_coding_is_told_with_what_was_meant() -> None:
    with pytest.raises(CompressionError, match="Did you mean gzip"):
        BaseApp(Compression(codings=["gzp"])).freeze()


def test_coding_that_is_not_installed_is_told_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin, "find_codings", lambda: ("gzip",))
    with pytest.raises(CompressionError, match=r"bistro\[compression\]"):
        BaseApp(Compression(codings=["br"])).freeze()


def test_order_of_codings_decides_where_the_client_does_not() -> None:
    with Client(make_app(compression=Compression(codings=["gzip", "br"]))) as client:
        assert get(client, "/text", "br, gzip, zstd").headers["content-encoding"] == "gzip"


def test_request_that_asks_for_nothing_is_told_that_it_could(client: Client) -> None:
    assert client.get("/text", headers={"accept-encoding": "identity"}).headers["vary"] == "accept-encoding"


@pytest.mark.parametrize("plans", ["written", "interpreted"])
def test_both_kinds_of_plans_compress(plans: Any) -> None:
    app = BaseApp(Compression(), plans=plans)

    @app.get("/")
    async def page(request: Request) -> Json:
        return Json({"text": TEXT})

    with Client(app) as client:
        assert get(client, "/").headers["content-encoding"] == "gzip"


def unpack(coding: str, content: bytes) -> bytes:
    return unpackers(coding)(content)


def unpackers(coding: str) -> Any:
    if coding == "gzip":
        return zlib.decompressobj(wbits=31).decompress
    if coding == "br":
        return brotli.Decompressor().process
    from backports import zstd

    return zstd.ZstdDecompressor().decompress
