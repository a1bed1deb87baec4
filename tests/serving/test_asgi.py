from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bistro.serving.asgi import AsgiAdapter, find_raw_path
from bistro.serving.limits import Limits
from tests.serving.asgi_wire import FunctionApp, Wire, call, http_scope, piece


def test_exchange_has_what_the_scope_has():
    seen = {}

    def handler(exchange):
        names = ("method", "raw_path", "query_string", "http_version", "scheme", "client", "root_path")
        seen.update({name: getattr(exchange, name) for name in names})
        seen["x"] = exchange.find_header(b"x"), exchange.find_header(b"y"), len(exchange.header_items())
        with pytest.raises(AttributeError):
            exchange.unknown  # noqa: B018
        exchange.send(204, b"", b"")

    call(handler, http_scope("PATCH", "/a%20b", query_string=b"q=%20", http_version="2", scheme="https"))
    assert seen == {
        "method": "PATCH",
        "raw_path": "/a%20b",
        "query_string": "q=%20",
        "http_version": "2",
        "scheme": "https",
        "client": ("192.0.2.1", 5000),
        "root_path": "",
        "x": (b"1", None, 3),
    }


def test_unix_socket_has_no_client():
    def handler(exchange):
        exchange.send(200, b"", repr(exchange.client).encode())

    assert call(handler, http_scope(client=None)).body == b"None"


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        # uvicorn 0.26 and later: the root is in front of both paths.
        ({"path": "/api/a b", "raw_path": b"/api/a%20b", "root_path": "/api"}, "/a%20b"),
        # hypercorn, and proxies that strip the root: it is in neither.
        ({"path": "/a", "raw_path": b"/a", "root_path": "/api"}, "/a"),
        # Mounted by an older framework: stripped from the decoded path only.
        ({"path": "/a", "raw_path": b"/api/a", "root_path": "/api"}, "/a"),
        ({"path": "/api", "raw_path": b"/api", "root_path": "/api"}, "/"),
        ({"path": "/apis", "raw_path": b"/apis", "root_path": "/api"}, "/apis"),
        ({"path": "/api/", "raw_path": b"/api/", "root_path": "/api/"}, "/"),
        ({"path": "/b c/x", "raw_path": b"/b%20c/x", "root_path": "/b c"}, "/x"),
        # Servers without raw_path.
        ({"path": "/a b/é?"}, "/a%20b/%C3%A9%3F"),
        ({"path": "/a", "raw_path": None}, "/a"),
        # The query, where a server left it.
        ({"path": "/a", "raw_path": b"/a?b=c"}, "/a"),
        # RFC 9112 §3.2.2, as uvicorn with h11 passes it on.
        ({"path": "http://localhost/a", "raw_path": b"http://localhost/a"}, "/a"),
        ({"path": "http://localhost", "raw_path": b"HTTP://localhost"}, "/"),
        ({"path": "/%2e%2e//a", "raw_path": b"/%2e%2e//a"}, "/%2e%2e//a"),
    ],
)
def test_path_to_route_is_found_in_every_servers_scope(scope, expected):
    assert find_raw_path(scope) == expected


@pytest.mark.parametrize("raw", [b"*", b"", b"a", b"/\xff", b"ftp://localhost/a", b"javascript:/a"])
def test_path_that_is_none_is_refused(raw):
    app = FunctionApp(lambda exchange: pytest.fail("it was handled"))
    wire = Wire()
    asyncio.run(AsgiAdapter(app)(http_scope(raw_path=raw), wire.receive, wire.send))
    assert wire.sent[0]["status"] == 400
    assert app.log == ["start", (400, ("192.0.2.1", 5000))]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"headers": [(b"x", b"")] * 101}, 431),
        ({"raw_path": b"/" + b"a" * 8192}, 414),
        ({"query_string": b"a" * 8192}, 414),
    ],
)
def test_what_a_server_lets_through_is_limited(changes, status):
    wire = call(lambda exchange: pytest.fail("it was handled"), http_scope(**changes))
    assert wire.sent[0]["status"] == status
    assert dict(wire.sent[0]["headers"])[b"content-length"] == b"%d" % len(wire.body)


def test_refused_head_request_gets_no_body():
    assert call(lambda exchange: None, http_scope("HEAD", raw_path=b"*")).body == b""


def test_limits_can_be_set():
    wire = Wire()
    adapter = AsgiAdapter(FunctionApp(lambda exchange: None), Limits(headers_count_max=2))
    asyncio.run(adapter(http_scope(), wire.receive, wire.send))
    assert wire.sent[0]["status"] == 431


def run_lifespan(app: FunctionApp, *kinds: str) -> list[dict[str, Any]]:
    async def run():
        wire = Wire(*[{"type": f"lifespan.{kind}"} for kind in kinds])
        await AsgiAdapter(app)({"type": "lifespan", "asgi": {"version": "3.0"}}, wire.receive, wire.send)
        return wire.sent

    return asyncio.run(run())


def test_lifespan_starts_and_stops_the_application():
    app = FunctionApp(None)
    sent = run_lifespan(app, "startup", "shutdown")
    assert sent == [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]
    assert app.log == ["start", "stop"]


def test_error_at_the_start_is_told_to_the_server():
    app = FunctionApp(None)
    app.fails = LookupError("no database at port 5432")
    assert run_lifespan(app, "startup") == [
        {"type": "lifespan.startup.failed", "message": "no database at port 5432"}
    ]


def test_error_at_the_stop_is_told_to_the_server():
    app = FunctionApp(None)
    app.fails = LookupError()
    assert run_lifespan(app, "shutdown") == [{"type": "lifespan.shutdown.failed", "message": "LookupError()"}]


def test_server_without_lifespan_starts_the_application_by_its_first_requests_once():
    async def run():
        app = FunctionApp(lambda exchange: exchange.send(200, b"", b""))
        adapter = AsgiAdapter(app)
        wires = [Wire(piece()) for _ in range(3)]
        await asyncio.gather(*[adapter(http_scope(), wire.receive, wire.send) for wire in wires])
        return app.log, [len(wire.sent) for wire in wires]

    assert asyncio.run(run()) == (["start"], [2, 2, 2])


def test_start_goes_on_when_the_client_that_caused_it_goes_away():
    async def run():
        app = FunctionApp(lambda exchange: exchange.send(200, b"", b""))
        adapter = AsgiAdapter(app)
        first = asyncio.create_task(adapter(http_scope(), None, None))
        await asyncio.sleep(0)
        first.cancel()
        wire = Wire(piece())
        await adapter(http_scope(), wire.receive, wire.send)
        return app.log, len(wire.sent)

    assert asyncio.run(run()) == (["start"], 2)


def test_unknown_scope_is_an_error_as_the_specification_asks():
    with pytest.raises(ValueError, match="carrier-pigeon"):
        call(None, {"type": "carrier-pigeon"})


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"query_string": b"q" * 8192}, 414), ({"headers": [(b"x", b"1")] * 101}, 431), ({}, 200)],
)
def test_limits_hold_for_paths_that_are_known_as_well(changes, status):
    async def run():
        adapter = AsgiAdapter(FunctionApp(lambda exchange: exchange.send(200, b"", b"")))
        wire = Wire()
        await adapter(http_scope(path="/known"), wire.receive, wire.send)
        await adapter(http_scope(path="/known", **changes), wire.receive, wire.send)
        return wire.sent[2]["status"]

    assert asyncio.run(run()) == status


def test_one_path_may_be_beneath_several_roots():
    async def run():
        seen = []

        def look(exchange):
            seen.append(exchange.raw_path)
            exchange.send(200, b"", b"")

        adapter = AsgiAdapter(FunctionApp(look))
        for root in ("", "/api", "", "/api/x"):
            wire = Wire()
            await adapter(http_scope(path="/api/x", root_path=root), wire.receive, wire.send)
        return seen

    assert asyncio.run(run()) == ["/api/x", "/x", "/api/x", "/"]
