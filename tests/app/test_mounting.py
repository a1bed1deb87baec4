from __future__ import annotations

import asyncio
import sys

import pytest

from bistro.app import BaseApp, MountError
from bistro.serving.memory import MemoryExchange
from bistro.testing import Client


def site_with(application, **options) -> BaseApp:
    app = BaseApp()
    app.mount("/in", application, **options)
    return app


async def ask(app: BaseApp, exchange: MemoryExchange) -> MemoryExchange:
    coroutine = app.handle(exchange)
    assert coroutine is not None
    await coroutine
    return exchange


def run(application, target="/in/x", **request) -> MemoryExchange:
    return asyncio.run(ask(site_with(application), MemoryExchange(target=target, **request)))


def head(status=200, *headers):
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(content=b"", *, more=False):
    return {"type": "http.response.body", "body": content, "more_body": more}


def test_scope_is_what_the_specification_asks_for():
    seen = {}

    async def look(scope, receive, send):
        seen.update(scope)
        await send(head(204))
        await send(body())

    async def drive():
        exchange = MemoryExchange(
            "PUT", "/%69n/a%2Fb/%C3%A9?x=%20", headers=[(b"host", b"h:8"), (b"a", b"1"), (b"a", b"2")]
        )
        exchange.root_path = "/outer"
        await ask(site_with(look), exchange)

    asyncio.run(drive())
    assert (seen["type"], seen["method"], seen["scheme"]) == ("http", "PUT", "http")
    assert (seen["path"], seen["root_path"]) == ("/outer/in/a/b/é", "/outer/in")
    assert (seen["raw_path"], seen["query_string"]) == (b"/outer/%69n/a%2Fb/%C3%A9", b"x=%20")
    assert seen["headers"] == [(b"host", b"h:8"), (b"a", b"1"), (b"a", b"2")]
    assert seen["server"] == ("h", 8)


def test_headers_of_the_connection_are_the_servers_business():
    async def answer(scope, receive, send):
        pairs = [
            (b"Connection", b"close"),
            (b"transfer-encoding", b"chunked"),
            (b"date", b"x"),
            (b"X-A", b"1"),
        ]
        await send(head(200, *pairs, (b"content-length", b"2")))
        await send(body(b"ok"))

    exchange = run(answer)
    assert exchange.headers == [(b"x-a", b"1"), (b"content-length", b"2")]


@pytest.mark.parametrize("name", [b"bad name", b"x\r\ny"])
def test_header_that_would_split_the_answer_is_a_500(name):
    async def answer(scope, receive, send):
        await send(head(200, (name, b"1")))
        await send(body())

    assert run(answer).status == 500


@pytest.mark.parametrize("status", [0, 99, 100, 103, 199, 600, 999])
def test_application_that_answers_with_no_status_of_an_answer_is_a_500(status):
    async def odd(scope, receive, send):
        await send(head(status))
        await send(body())

    exchange = run(odd)
    assert exchange.status == 500
    assert isinstance(exchange.error, MountError)


def test_application_that_gives_no_answer_is_a_500_that_says_so():
    async def nothing(scope, receive, send):
        pass

    exchange = run(nothing)
    assert exchange.status == 500
    assert isinstance(exchange.error, MountError)


def test_answer_that_ends_early_breaks_off():
    async def half(scope, receive, send):
        await send(head())
        await send(body(b"half", more=True))

    exchange = run(half)
    assert (exchange.content, exchange.is_aborted) == (b"half", True)


def test_application_waits_while_nobody_takes_its_pieces():
    sent = []

    async def flood(scope, receive, send):
        await send(head())
        for number in range(100):
            await send(body(b"x" * 1000, more=True))
            sent.append(number)
        await send(body())

    async def drive():
        exchange = MemoryExchange(target="/in/x", unread_max=2000)
        exchange.pause_reading()
        answering = asyncio.ensure_future(ask(site_with(flood), exchange))
        await exchange.wait_for_start()
        for _ in range(50):
            await asyncio.sleep(0)
        count = len(sent)
        exchange.resume_reading()
        content = b""
        while piece := await exchange.wait_for_pieces():
            content += b"".join(piece)
        await answering
        return count, content

    count, content = asyncio.run(drive())
    assert count < 6
    assert content == b"x" * 100_000


def test_client_that_goes_away_is_told_to_the_application_and_cancels_it():
    told = []

    async def wait(scope, receive, send):
        await receive()
        told.append((await receive())["type"])
        await send(head())
        await send(body(b"x", more=True))
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            told.append("cancelled")
            raise

    async def drive():
        exchange = MemoryExchange(target="/in/x")
        answering = asyncio.ensure_future(ask(site_with(wait), exchange))
        for _ in range(10):
            await asyncio.sleep(0)
        exchange.disconnect()
        for _ in range(10):
            await asyncio.sleep(0)
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
        await asyncio.sleep(0)

    asyncio.run(drive())
    assert told == ["http.disconnect", "cancelled"]


def test_body_that_is_too_large_is_a_413_whatever_the_application_makes_of_it():
    async def read(scope, receive, send):
        kinds = [(await receive())["type"]]
        await send(head(500))
        await send(body(kinds[0].encode()))

    app = site_with(read, body_size_max=10)
    exchange = asyncio.run(ask(app, MemoryExchange("POST", "/in/x", body=b"x" * 11)))
    assert exchange.status == 413


def test_lifespan_that_fails_stops_the_start_with_its_words():
    async def fail(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with pytest.raises(MountError, match="no database") as failed:
        asyncio.run(site_with(fail).start())
    assert failed.value.where[0].file.endswith("test_mounting.py")


def test_application_without_a_lifespan_starts_all_the_same():
    async def only_http(scope, receive, send):
        assert scope["type"] == "http"
        await send(head(204))
        await send(body())

    with Client(site_with(only_http)) as client:
        assert client.get("/in/x").status == 204


def test_one_application_in_two_places_starts_once():
    log = []

    async def count(scope, receive, send):
        log.append((await receive())["type"])
        await send({"type": "lifespan.startup.complete"})
        log.append((await receive())["type"])
        await send({"type": "lifespan.shutdown.complete"})

    app = BaseApp()
    app.mount("/a", count)
    app.mount("/b", count)
    with Client(app):
        pass
    assert log == ["lifespan.startup", "lifespan.shutdown"]


def test_wsgi_application_without_the_bridge_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "a2wsgi", None)
    with pytest.raises(MountError, match=r"bistro\[wsgi\]"):
        site_with(lambda environ, start_response: []).freeze()


def test_wsgi_application_is_not_given_a_body_that_was_cut_off():
    seen = []

    def read(environ, start_response):
        try:
            seen.append(environ["wsgi.input"].read())
        except Exception as error:
            seen.append(type(error).__name__)
        start_response("200 OK", [])
        return [b""]

    async def arriving():
        yield b"x" * 8
        yield b"x" * 8

    with Client(site_with(read, body_size_max=10)) as client:
        answer = client.post("/in/x", content=arriving())
    assert (answer.status, seen) == (413, ["ContentTooLarge"])
