"""A request that came before is known when it comes again, and is never taken for another one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bistro.ground.types import Exchange
from bistro.serving.repeats import (
    HEAD_SIZE_MAX,
    HEADS_COUNT_MAX,
    LINE_SIZE_MAX,
    LINES_COUNT_MAX,
    RENEWALS_MAX,
    KnownHeads,
    KnownLines,
    is_bodiless,
)
from tests.serving.support import Wired, both_loops, close, run, statuses, wire

__all__ = ["both_loops"]

LINES = (
    b"GET / ",
    b"GET /a?b=c ",
    b"POST /a ",
    b"HEAD / ",
    b"OPTIONS * ",
    b"GET /a#b ",
    b"get / ",
    b"GET  / ",
)
BLOCKS = (
    b"HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HTTP/1.1\r\nHost: b\r\nX: 1\r\n\r\n",
    b"HTTP/1.1\r\nHost: a\r\nX: GET / HTTP/1.1\r\n\r\n",
    b"HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"HTTP/1.1\r\nHost: a\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\n",
    b"HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"HTTP/1.0\r\nHost: a\r\n\r\n",
    b"HTTP/1.1\r\n\r\n",
)
BODIES = (b"", b"", b"", b"0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")

some_reads = st.builds(
    lambda line, block, body: line + block + body,
    st.sampled_from(LINES),
    st.sampled_from(BLOCKS),
    st.sampled_from(BODIES),
)


async def answers_to(*reads: bytes) -> tuple[list[tuple[object, ...]], list[int], bool]:
    """What the app saw, what the client got, and whether the connection has ended."""
    seen: list[tuple[object, ...]] = []

    def answer(exchange: Exchange) -> None:
        host, x = exchange.find_header(b"host"), exchange.find_header(b"x")
        seen.append((exchange.method, exchange.raw_path, exchange.query_string, host, x, exchange.body))
        exchange.send(200, b"", b"")

    wired = await wire(answer)
    await wired.feed(*reads)
    found = seen, statuses(wired.sent), wired.ended
    await close(wired)
    return found


@settings(max_examples=300, deadline=None)
@given(st.lists(some_reads, min_size=1, max_size=3), st.lists(st.integers(0, 2), min_size=1, max_size=6))
def test_a_connection_gives_each_request_what_a_new_one_would(reads: list[bytes], order: list[int]) -> None:
    async def compare() -> None:
        sequence = [reads[index % len(reads)] for index in order]
        alone: list[tuple[object, ...]] = []
        for read in sequence:
            seen, _, ended = await answers_to(read)
            alone += seen
            if ended:
                break
            if not seen or seen[-1][-1] is None:
                return  # it is waiting for more, so that what comes next belongs to it
        together, _, _ = await answers_to(*sequence)
        assert together == alone

    run(compare())


def test_a_head_that_announces_chunks_is_never_known_to_have_none() -> None:
    head = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    async def exchange_bytes() -> list[tuple[object, ...]]:
        seen, _, _ = await answers_to(head + b"0\r\n\r\n", head + b"0\r\n\r\n", head)
        return [(path, body) for _, path, *_, body in seen]

    # The body of the third is still to come: were it taken to be empty, it would be the next request.
    assert run(exchange_bytes()) == [("/a", b""), ("/a", b""), ("/a", None)]


def test_headers_that_were_looked_for_are_those_of_the_request_at_hand() -> None:
    one, other = (b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % name for name in (b"one", b"other"))

    async def hosts() -> list[object]:
        seen, _, _ = await answers_to(one, one, one, other, one, other, other, other, one)
        return [host for _, _, _, host, *_ in seen]

    assert run(hosts()) == [b"one"] * 3 + [b"other", b"one"] + [b"other"] * 3 + [b"one"]


def test_a_server_that_stops_answers_a_known_request_as_the_last() -> None:
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    async def exchange_bytes() -> tuple[bytes, bool]:
        wired = await wire(lambda exchange: exchange.send(200, b"", b""))
        await wired.feed(request, request, request)
        wired.server.stopping = True
        before = len(wired.sent)
        await wired.feed(request * 2)
        found = wired.sent[before:], wired.ended
        await close(wired)
        return found

    sent, ended = run(exchange_bytes())
    assert statuses(sent) == [200]
    assert b"connection: close" in sent
    assert ended


def test_lines_that_a_client_makes_up_fill_no_memory_and_make_room_again() -> None:
    lines = KnownLines()
    for number in range(2 * LINES_COUNT_MAX):
        lines.add(b"GET /%d " % number, ("GET", f"/{number}", ""))
    assert lines.find(b"GET /0 ") == ("GET", "/0", "")
    assert lines.find(b"GET /%d " % LINES_COUNT_MAX) is None

    lines.renew()
    lines.add(b"GET /new ", ("GET", "/new", ""))

    assert lines.find(b"GET /0 ") is None
    assert lines.find(b"GET /new ") == ("GET", "/new", "")


def test_heads_that_a_client_makes_up_fill_no_memory_and_make_room_again() -> None:
    heads = KnownHeads()
    blocks = [b"HTTP/1.1\r\nHost: %d\r\n\r\n" % number for number in range(HEADS_COUNT_MAX + 1)]
    for block in blocks:
        assert heads.add(block).block == block
    assert heads.find(blocks[0]) is not None
    assert heads.find(blocks[-1]) is None

    heads.renew()
    kept = heads.add(blocks[-1])

    assert heads.find(blocks[0]) is None
    assert heads.find(blocks[-1]) is kept


def test_what_a_client_logs_in_with_is_forgotten_within_a_minute() -> None:
    heads = KnownHeads()
    heads.add(b"HTTP/1.1\r\nHost: a\r\nCookie: session=secret\r\n\r\n")
    for _ in range(RENEWALS_MAX):
        heads.renew()
    assert heads._heads == {}


def test_a_long_head_is_not_kept() -> None:
    heads = KnownHeads()
    heads.add(b"a" * (HEAD_SIZE_MAX + 1))
    assert heads.find(b"a" * (HEAD_SIZE_MAX + 1)) is None


def test_connections_share_what_is_known_of_a_head_and_nothing_else() -> None:
    heads = [b"GET /%d HTTP/1.1\r\nHost: %b\r\n\r\n" % (n, host) for n, host in enumerate((b"a", b"b"))]

    async def hosts() -> list[tuple[bytes | None, str]]:
        seen: list[tuple[bytes | None, str]] = []

        def answer(exchange: Exchange) -> None:
            seen.append((exchange.find_header(b"host"), exchange.raw_path))
            exchange.send(200, b"", b"")

        first = await wire(answer)
        second = Wired(first.server, first.app)
        for one, other in ((0, 1), (1, 0), (0, 0), (1, 1), (0, 1)):
            await first.feed(heads[one])
            await second.feed(heads[other])
        await second.lose()
        await close(first)
        return seen

    expected = [0, 1, 1, 0, 0, 0, 1, 1, 0, 1]
    assert run(hosts()) == [((b"a", b"b")[n], f"/{n}") for n in expected]


def test_a_long_line_is_not_kept() -> None:
    lines = KnownLines()
    line = b"GET /" + b"a" * LINE_SIZE_MAX + b" "
    lines.add(line, ("GET", "/", ""))
    assert lines.find(line) is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"X: 1", True),
        (b"X-Content-Length: 1", True),
        (b"Content-Length: 0", False),
        (b"content-LENGTH:5", False),
        (b"Transfer-Encoding: chunked", False),
        (b"Upgrade: websocket", False),
    ],
)
def test_only_a_head_that_says_nothing_of_a_body_has_none(header: bytes, expected: bool) -> None:
    assert is_bodiless(b"HTTP/1.1\r\nHost: a\r\n" + header + b"\r\n\r\n") is expected
