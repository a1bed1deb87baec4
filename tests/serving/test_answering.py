"""The app is run on each request in a context of its own, whichever shape the request has."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

import pytest

from bistro.ground.types import Exchange
from bistro.serving import Limits
from bistro.serving.answering import KNOWN_SIZE_MAX
from tests.serving.support import GET, Wired, bodies, both_loops, close, run, settle, statuses, wire

__all__ = ["both_loops"]
user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")


def set_user_in_place(exchange: Exchange) -> None:
    before = user.get()
    user.set(exchange.query_string)
    exchange.send(200, b"", f"{before}>{user.get()}".encode())


async def set_user(exchange: Exchange) -> None:
    seen = [user.get()]
    user.set(exchange.query_string)
    seen.append(user.get())
    if exchange.raw_path == "/slow":
        await asyncio.sleep(0)
        seen.append(user.get())
        user.set(exchange.query_string + "!")
        await asyncio.sleep(0.001)
        seen.append(user.get())
    exchange.send(200, b"", ">".join(seen).encode())


def ask(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


@pytest.mark.parametrize("path", ["/quick", "/slow"])
@pytest.mark.parametrize("in_place", [True, False])
def test_no_request_sees_the_context_variables_of_another(path: str, in_place: bool) -> None:
    async def go() -> list[bytes]:
        first = await wire(set_user_in_place if in_place else set_user)  # type: ignore[arg-type]
        second = Wired(first.server, first.app)
        for number in range(20):
            await first.call(first.connection.data_received, ask(f"{path}?a{number}"))
            await second.call(second.connection.data_received, ask(f"{path}?b{number}") * 2)
        while first.connection._answering.exchange or second.connection._answering.exchange:
            await settle()
        found = bodies(first.sent) + bodies(second.sent)
        await second.lose()
        await close(first)
        return found

    found = run(go())
    assert len(found) == 60
    for body in found:
        before, *others = body.decode().split(">")
        assert before == "nobody"
        assert {other.rstrip("!") for other in others} == {others[0]}
    assert user.get() == "nobody"


def shapes() -> dict[str, bytes]:
    many = b"X: y\r\n" * 90
    return {
        "plain": GET,
        "the same again": GET,
        "another case": b"GET /sync HTTP/1.1\r\nhOST: a\r\n\r\n",
        "a query": b"GET /sync?a=b&c HTTP/1.1\r\nHost: a\r\n\r\n",
        "many headers": b"GET /sync HTTP/1.1\r\nHost: a\r\n" + many + b"\r\n",
        "a large head": b"GET /sync HTTP/1.1\r\nHost: a\r\nX: " + b"y" * KNOWN_SIZE_MAX + b"\r\n\r\n",
        "a long path": b"GET /sync" + b"y" * (KNOWN_SIZE_MAX + 1) + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        "absolute": b"GET http://a/sync HTTP/1.1\r\nHost: a\r\n\r\n",
        "an odd method": b"PURGE /sync HTTP/1.1\r\nHost: a\r\n\r\n",
        "star": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "kept HTTP/1.0": b"GET /sync HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    }


@pytest.mark.parametrize("shape", shapes())
def test_every_shape_of_a_request_reaches_the_app_as_it_was_sent(shape: str) -> None:
    seen: list[Any] = []

    def look(exchange: Exchange) -> None:
        seen.append((exchange.method, exchange.raw_path, exchange.query_string, len(exchange.header_items())))
        exchange.send(200, b"", b"")

    async def go() -> list[int]:
        wired = await wire(look)
        await wired.feed(GET)
        sent = await wired.feed(shapes()[shape])
        await wired.feed(GET)
        await close(wired)
        return statuses(sent)

    assert run(go()) == [200, 200]
    method, target, rest = shapes()[shape].decode().split(" ", 2)
    path, _, query = target.removeprefix("http://a").partition("?")
    assert seen[1] == (method, path if path != "*" else "/*", query, rest.count(":"))
    assert len(seen) == 3


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\n\n", b"\r\n\r\n"])
@pytest.mark.parametrize("is_first", [True, False])
def test_empty_lines_before_a_request_are_no_part_of_its_method(line_end: bytes, is_first: bool) -> None:
    seen: list[str] = []

    def look(exchange: Exchange) -> None:
        seen.append(exchange.method)
        exchange.send(200, b"", b"")

    async def go() -> None:
        wired = await wire(look)
        if not is_first:
            await wired.feed(GET * 2)
        await wired.feed(line_end + GET)
        await wired.feed(GET)
        await close(wired)

    run(go())
    assert seen == ["GET"] * (2 if is_first else 4)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /x#y HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /sync HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n",
        b"GET /sync HTTP/1.1\r\nX: y\r\n\r\n",
        b"GET /sync HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 100 + b"\r\n",
        b"GET /sync RTSP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_what_was_in_order_once_excuses_nothing_else(request_bytes: bytes) -> None:
    async def go() -> list[int]:
        wired = await wire(set_user_in_place)
        await wired.feed(GET, GET, request_bytes)
        await close(wired)
        return statuses(wired.sent)

    found = run(go())
    assert found[:2] == [200, 200]
    assert found[2] in (400, 431)


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        (Limits(request_line_size_max=10), 414),
        (Limits(header_size_max=5), 431),
        (Limits(headers_size_max=20), 431),
        (Limits(headers_count_max=0), 431),
        (Limits(request_line_size_max=100, headers_size_max=100), 200),
    ],
)
def test_small_limits_hold_for_small_requests(limits: Limits, status: int) -> None:
    async def go() -> list[int]:
        wired = await wire(set_user_in_place, limits)
        await wired.feed(GET)
        await close(wired)
        return statuses(wired.sent)

    assert run(go()) == [status]


def test_one_head_that_is_large_and_in_order_is_not_kept_in_memory() -> None:
    async def go() -> int:
        wired = await wire(set_user_in_place)
        await wired.feed(b"GET /sync HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 5000 + b"\r\n\r\n")
        size = len(wired.connection._answering._head.block)
        await close(wired)
        return size

    assert run(go()) == 0
