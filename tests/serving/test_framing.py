"""Bytes are cut at the borders of requests, and the parser has to agree where these are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bistro.serving import Limits
from bistro.serving.framing import RequestCutter
from bistro.serving.request_head import Refused
from tests.serving.support import GET, chunked, post


def cut_all(*pieces: bytes) -> list[tuple[bytes, bytes]]:
    """Path and body of every request in `pieces`."""
    cutter, found, body, head = RequestCutter(Limits()), [], b"", None
    for piece in pieces:
        if cutter.is_in_body:
            body += cutter.take_body(piece)
        else:
            cutter.held += piece
        while not cutter.is_in_body:
            if head is not None:
                found.append((head.split(b" ")[1], body))
            head, body = cutter.cut_head(), b""
            if head is None:
                break
            if cutter.is_in_body:
                body = cutter.take_body()
    return found


some_bodies = st.sampled_from([b"", b"x", b"\r\n\r\n", b"0\r\n\r\n", GET, b"\r\n\r\n" + GET])
some_requests = st.one_of(
    # Twice or more in a row, and behind a longer one, since a head that comes again is known already.
    st.just((GET, (b"/sync", b""))),
    st.just((b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", (b"/", b""))),
    some_bodies.map(lambda body: (post(b"/p", body), (b"/p", body))),
    some_bodies.map(lambda body: (b"\r\n" + post(b"/p", body), (b"/p", body))),
    st.lists(some_bodies, max_size=3).map(
        lambda chunks: (chunked(b"/c", chunks, b"T: t\r\n"), (b"/c", b"".join(chunks)))
    ),
)


@settings(max_examples=300)
@given(st.lists(some_requests, min_size=1, max_size=5), st.data())
def test_requests_come_out_as_they_went_in_however_they_are_cut(
    requests: list[tuple[bytes, tuple[bytes, bytes]]], draw: st.DataObject
) -> None:
    whole = b"".join(request for request, _ in requests)
    cuts = sorted(draw.draw(st.sets(st.integers(1, len(whole) - 1), max_size=8)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]

    assert cut_all(*pieces) == [expected for _, expected in requests]


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_no_bytes_raise_anything_but_a_refusal(pieces: list[bytes]) -> None:
    try:
        cut_all(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", *pieces)
    except Refused as refused:
        assert refused.status in (400, 414, 431)


@pytest.mark.parametrize("cut", range(1, 8))
def test_empty_lines_before_a_request_are_skipped_however_they_are_cut(cut: int) -> None:
    whole = b"\r\n\r\n" + GET + b"\r\n" + GET + b"\n" + post(b"/p", b"\r\n")
    pieces = [whole[start : start + cut] for start in range(0, len(whole), cut)]
    assert cut_all(*pieces) == [(b"/sync", b""), (b"/sync", b""), (b"/p", b"\r\n")]


@pytest.mark.parametrize("size", [1, 100, 4096])
def test_a_head_without_an_end_is_refused_long_before_it_fills_the_memory(size: int) -> None:
    cutter = RequestCutter(Limits())
    cutter.held += b"GET / HTTP/1.1\r\n"
    with pytest.raises(Refused) as caught:
        while cutter.cut_head() is None:
            cutter.held += b"a" * size
            assert len(cutter.held) < 128 * 1024
    assert caught.value.status == 431


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /\0 HTTP/1.1\r\n\r\n", 400),
        (b"GET /" + b"a" * 9_000 + b"\0 HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 101 + b"no colon\r\n\r\n", 431),
    ],
    ids=["malformed", "line", "headers"],
)
def test_what_is_too_large_and_malformed_is_told_to_be_too_large(head: bytes, status: int) -> None:
    with pytest.raises(Refused) as caught:
        cut_all(head)
    assert caught.value.status == status


@pytest.mark.parametrize(
    "body",
    [
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"3\r\nab\r\n0\r\n\r\n",
        b"3\r\nabc0\r\n\r\n",
        b"3 \r\nabc\r\n0\r\n\r\n",
        b" 3\r\nabc\r\n0\r\n\r\n",
        b"+3\r\nabc\r\n0\r\n\r\n",
        b"0x3\r\nabc\r\n0\r\n\r\n",
        b"0_3\r\nabc\r\n0\r\n\r\n",
        b"3\nabc\r\n0\r\n\r\n",
        b"+0\r\n\r\n",
        b"3\r\nabc\r\n0\r\nno colon\r\n\r\n",
        b"10000000000000000\r\nabc",
        b"f" * 5000 + b"\r\nabc",
        b"3;\x00\r\nabc\r\n0\r\n\r\n",
    ],
)
def test_chunks_that_are_no_chunks_are_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        cut_all(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", body, GET)


def test_a_large_body_of_known_length_is_not_copied_through_the_buffer() -> None:
    cutter = RequestCutter(Limits())
    cutter.held += post(b"/", b"x" * 1000)[:-1000]
    cutter.cut_head()
    cutter.take_body()
    assert cutter.left == 1000
    assert cutter.take_body(b"x" * 400) == b"x" * 400
    assert cutter.held == b""
    assert cutter.take_body(b"x" * 600 + GET) == b"x" * 600
    assert cutter.held == GET
    assert not cutter.is_in_body


def test_a_known_head_that_comes_in_pieces_leaves_nothing_behind_for_a_shorter_one() -> None:
    short = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    assert cut_all(GET, GET[:-1], GET[-1:] + short) == [(b"/sync", b"")] * 2 + [(b"/", b"")]


def test_keep_alive_is_told_for_each_request() -> None:
    cutter = RequestCutter(Limits())
    cutter.held += GET + b"GET / HTTP/1.0\r\n\r\n"
    cutter.cut_head()
    first = cutter.keep_alive
    cutter.cut_head()
    assert (first, cutter.keep_alive) == (True, False)


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        (b"", False),
        (b"Content-Length: 0\r\n", False),
        (b"Content-Length: 3\r\n", True),
        (b"Transfer-Encoding: chunked\r\n", True),
    ],
)
def test_an_upgrade_with_a_body_is_refused(headers: bytes, refused: bool) -> None:
    cutter = RequestCutter(Limits())
    cutter.held += b"POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n" + headers + b"\r\n"
    if refused:
        with pytest.raises(Refused, match="upgrade"):
            cutter.cut_head()
    else:
        assert cutter.cut_head()
        assert not cutter.keep_alive
