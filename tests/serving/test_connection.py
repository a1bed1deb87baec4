"""Requests in whatever pieces they arrive, answers in order, and nothing that is no request."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bistro.ground.types import Exchange
from bistro.http import ContentTooLarge
from bistro.serving import Limits
from tests.serving.support import GET, Wired, bodies, both_loops, chunked, close, post, run, statuses, wire

__all__ = ["both_loops"]


def echo(exchange: Exchange) -> Coroutine[Any, Any, None] | None:
    """Tell what was asked: in place, after a moment, or with the body, as the path says."""
    if exchange.raw_path == "/sync":
        exchange.send(200, b"", b"sync")
        return None
    return echo_later(exchange)


async def echo_later(exchange: Exchange) -> None:
    if exchange.raw_path == "/slow":
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        exchange.send(200, b"", b"slow")
    elif exchange.raw_path == "/stream":
        exchange.start(200, b"", None)
        async for chunk in exchange.body_stream(1_000_000):
            await exchange.write(chunk)
        await exchange.write(b"end")
        await exchange.finish()
    else:
        try:
            body = await exchange.read_body(500)
        except ContentTooLarge:
            exchange.send(413, b"", b"too large")
        else:
            exchange.send(200, b"", exchange.method.encode() + b":" + body)


small_bodies = st.sampled_from([b"", b"x", b"\r\n\r\n", b"\r\n\r\nGET / HTTP/1.1", b"abc\r\n0\r\n\r\nz" * 3])
messages = st.one_of(
    st.just((GET, b"sync")),
    st.just((b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n", b"slow")),
    small_bodies.map(lambda body: (post(b"/echo", body), b"POST:" + body)),
    st.lists(small_bodies, max_size=3).map(
        lambda chunks: (chunked(b"/echo", chunks), b"POST:" + b"".join(chunks))
    ),
    small_bodies.map(lambda body: (chunked(b"/echo", [body], b"X-Trailer: y\r\n"), b"POST:" + body)),
    st.lists(small_bodies, max_size=2).map(
        lambda chunks: (chunked(b"/stream", chunks), b"".join(chunks) + b"end")
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(messages, min_size=1, max_size=5), st.data())
def test_requests_in_any_pieces_get_their_answers_in_order(
    sequence: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    whole = b"".join(request for request, _ in sequence)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1), max_size=8)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]

    async def exchange_bytes() -> bytes:
        wired = await wire(echo)
        sent = await wired.feed(*pieces)
        assert not wired.app.refusals
        await close(wired)
        return sent

    assert bodies(run(exchange_bytes())) == [body for _, body in sequence]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_bytes_that_are_no_request_never_raise_and_get_at_most_4xx(garbage: bytes, behind: bool) -> None:
    async def exchange_bytes() -> bytes:
        wired = await wire(echo)
        sent = await wired.feed((GET if behind else b"") + garbage)
        await close(wired)
        return sent

    assert all(status in (200, 413) or 400 <= status < 500 for status in statuses(run(exchange_bytes())))


REFUSED = {
    "no_host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two_hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nhOsT: b\r\n\r\n", 400),
    "two_hosts_in_a_long_head": (
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 300 + b"\r\nhOsT: b\r\n\r\n",
        400,
    ),
    "bare_lf": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "bare_lf_in_a_header": (b"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400),
    "folded_header": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400),
    "space_before_colon": (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    "nul_in_a_header": (b"GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400),
    "cr_in_a_header": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
    "unknown_method": (b"FOO / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "lower_case_method": (b"get / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "http_2": (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400),
    "http_0_9": (b"GET /\r\n\r\n", 400),
    "preface_of_http_2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n", 400),
    "length_and_chunks": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "two_lengths": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "two_equal_lengths": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        400,
    ),
    "negative_length": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", 400),
    "signed_length": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nabcde", 400),
    "underscored_length": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\nabcde", 400),
    "huge_length": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\n", 400),
    "unknown_coding": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nabc", 400),
    "chunked_twice": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunked_not_last": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        400,
    ),
    "upgrade_with_a_body": (
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n\r\nabc",
        400,
    ),
    "long_request_line": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "endless_request_line": (b"GET /" + b"a" * 9000, 414),
    "long_header": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 17_000 + b"\r\n\r\n", 431),
    "large_head": (b"GET / HTTP/1.1\r\nHost: a\r\n" + (b"X: " + b"a" * 9000 + b"\r\n") * 8 + b"\r\n", 431),
    "endless_head": (b"GET / HTTP/1.1\r\nHost: a\r\n" + (b"X: " + b"a" * 9000 + b"\r\n") * 8, 431),
    "many_headers": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 20_000 + b"\r\n", 431),
    "slightly_too_many_headers": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 100 + b"\r\n", 431),
    "authority_and_other_host": (b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "connect": (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "star": (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "two_spaces": (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "high_bytes_in_the_path": (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_valid_request_is_refused_once_and_the_connection_ends(name: str) -> None:
    request, status = REFUSED[name]

    async def exchange_bytes() -> Wired:
        wired = await wire(echo)
        await wired.feed(request + GET)
        await close(wired)
        return wired

    wired = run(exchange_bytes())
    assert statuses(wired.sent) == [status]
    assert wired.ended
    assert [refused for refused, _ in wired.app.refusals] == [status]
    assert b"connection: close\r\n" in wired.sent


@pytest.mark.parametrize("name", REFUSED)
def test_a_valid_request_before_it_is_answered_and_nothing_behind_it_is(name: str) -> None:
    request, status = REFUSED[name]

    async def exchange_bytes() -> Wired:
        wired = await wire(echo)
        await wired.feed(GET + request + GET)
        await close(wired)
        return wired

    assert statuses(run(exchange_bytes()).sent) == [200, status]


@pytest.mark.parametrize("size", [1, 7])
def test_a_head_that_drips_in_is_read_in_linear_time_and_cut_at_its_limit(size: int) -> None:
    head = b"GET / HTTP/1.1\r\nHost: a\r\n" + (b"X: " + b"a" * 9000 + b"\r\n") * 8

    async def exchange_bytes() -> Wired:
        wired = await wire(echo)
        for start in range(0, len(head), size):
            if wired.ended:
                break
            wired.connection.data_received(head[start : start + size])
        await close(wired)
        return wired

    assert statuses(run(exchange_bytes()).sent) == [431]


def answers_to(*pieces: bytes, limits: Limits | None = None) -> Wired:
    async def exchange_bytes() -> Wired:
        wired = await wire(echo, limits)
        await wired.feed(*pieces)
        await close(wired)
        return wired

    wired: Wired = run(exchange_bytes())
    return wired


def test_a_declared_body_over_the_limit_is_answered_before_it_comes_and_the_connection_ends() -> None:
    wired = answers_to(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
    assert statuses(wired.sent) == [413]
    assert wired.transport.half_closed


def test_a_chunked_body_over_the_limit_is_counted_as_received() -> None:
    head, _, rest = chunked(b"/echo", [b"x" * 300, b"y" * 300]).partition(b"\r\n\r\n")
    wired = answers_to(head + b"\r\n\r\n", rest)
    assert statuses(wired.sent) == [413]


def test_what_comes_behind_a_refused_body_is_not_taken_for_a_request() -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
    wired = answers_to(head, GET, GET)
    assert statuses(wired.sent) == [413]


def test_a_client_that_expects_it_is_told_to_continue_before_its_body_is_awaited() -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    wired = answers_to(head, b"ok")
    assert statuses(wired.sent) == [100, 200]
    assert wired.sent.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


def test_http_1_0_needs_no_host_and_gets_its_answer_and_the_end() -> None:
    wired = answers_to(b"GET /sync HTTP/1.0\r\n\r\n")
    assert wired.sent.endswith(b"sync")
    assert b"connection: close" in wired.sent
    assert wired.ended


def test_a_stream_to_http_1_0_ends_with_the_connection_and_has_no_chunks() -> None:
    wired = answers_to(b"GET /stream HTTP/1.0\r\n\r\n")
    assert b"transfer-encoding" not in wired.sent
    assert wired.sent.endswith(b"\r\n\r\nend")
    assert wired.ended


def test_head_gets_the_head_and_the_length_but_no_body() -> None:
    wired = answers_to(b"HEAD /sync HTTP/1.1\r\nHost: a\r\n\r\n" + GET)
    first, _, second = wired.sent.partition(b"\r\n\r\n")
    assert b"content-length: 4" in first
    assert second.startswith(b"HTTP/1.1 200")


def test_head_of_a_stream_has_no_body_and_the_next_request_is_served() -> None:
    wired = answers_to(b"HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n" + GET)
    assert statuses(wired.sent) == [200, 200]
    assert b"end" not in wired.sent


def test_the_absolute_form_is_understood() -> None:
    wired = answers_to(b"GET http://a/sync?x=1 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert bodies(wired.sent) == [b"sync"]


def test_connection_close_is_obeyed() -> None:
    wired = answers_to(b"GET /sync HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + GET)
    assert statuses(wired.sent) == [200]
    assert wired.ended


def test_an_upgrade_that_nobody_offers_is_answered_as_a_plain_request() -> None:
    request = b"GET /sync HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    wired = answers_to(request)
    assert bodies(wired.sent) == [b"sync"]
    assert wired.ended


def test_malformed_chunks_reach_the_handler_as_a_bad_request() -> None:
    from bistro.http import BadRequest

    caught: list[Exception] = []

    async def read(exchange: Exchange) -> None:
        try:
            await exchange.read_body(1000)
        except BadRequest as error:
            caught.append(error)
            exchange.send(400, b"", b"")

    async def exchange_bytes() -> Wired:
        wired = await wire(read)
        await wired.feed(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"zz\r\n" + GET)
        await close(wired)
        return wired

    wired = run(exchange_bytes())
    assert len(caught) == 1
    assert statuses(wired.sent) == [400]
    assert wired.ended


def test_all_answers_to_one_read_leave_in_one_write() -> None:
    async def exchange_bytes() -> list[bytes]:
        wired = await wire(echo)
        await wired.feed(GET * 16)
        await close(wired)
        return wired.transport.writes

    writes = run(exchange_bytes())
    assert len(writes) == 1
    assert len(bodies(writes[0])) == 16


def test_a_client_that_goes_away_cancels_the_handler() -> None:
    outcome: list[str] = []

    async def wait(exchange: Exchange) -> None:
        exchange.on_disconnect(lambda: outcome.append("told"))
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            outcome.append("cancelled")
            raise

    async def exchange_bytes() -> None:
        wired = await wire(wait)
        await wired.feed(GET)
        wired.connection.connection_lost(None)
        await asyncio.sleep(0.01)
        await wired.server.stop(0)

    run(exchange_bytes())
    assert outcome == ["told", "cancelled"]


def test_a_plan_that_gives_no_answer_is_a_500_and_not_silence() -> None:
    async def forget(exchange: Exchange) -> None:
        return None

    async def exchange_bytes() -> bytes:
        wired = await wire(forget)
        sent = await wired.feed(GET)
        await close(wired)
        return sent

    assert statuses(run(exchange_bytes())) == [500]


def test_an_answer_shorter_than_promised_breaks_the_connection() -> None:
    async def promise(exchange: Exchange) -> None:
        exchange.start(200, b"", 10)
        await exchange.write(b"short")
        await exchange.finish()

    async def exchange_bytes() -> bool:
        wired = await wire(promise)
        await wired.feed(GET)
        aborted = wired.transport.aborted
        await close(wired)
        return aborted

    assert run(exchange_bytes())
