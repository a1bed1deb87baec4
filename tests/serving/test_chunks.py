"""Where a chunked body ends, whatever it is made of; and what is around the data has limits."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.serving import Limits
from bistro.serving.chunks import EXCESS_SIZE_MAX, ChunkRuler
from bistro.serving.request_head import Refused
from tests.timing import is_within

LIMITS = Limits()


def measure(*pieces: bytes, limits: Limits = LIMITS) -> tuple[int, bool]:
    """How many bytes of `pieces`, arriving one after the other, belong to the body, and if it ended."""
    ruler, held, size = ChunkRuler(limits), bytearray(), 0
    for piece in pieces:
        held += piece
        if not ruler.has_ended:
            count = ruler.measure(held)
            del held[:count]
            size += count
    return size, ruler.has_ended


data = st.one_of(
    st.binary(min_size=1, max_size=30), st.sampled_from([b"\r\n\r\n", b"0\r\n\r\n", b"\r\n0\r\n"])
)
extensions = st.sampled_from([b"", b";a=b", b' ;a="b;c"', b"\t;x"])
trailers = st.sampled_from([b"", b"X: y\r\n", b"0: 0\r\nA:\r\n"])


@given(
    st.lists(st.tuples(data, extensions), max_size=5), extensions, trailers, st.binary(max_size=9), st.data()
)
def test_a_body_ends_where_it_ends_however_it_is_cut(
    chunks: list[tuple[bytes, bytes]], last: bytes, trailer: bytes, behind: bytes, draw: st.DataObject
) -> None:
    body = b"".join(b"%x%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk, extension in chunks)
    body += b"00" + last + b"\r\n" + trailer + b"\r\n"
    whole = body + behind
    cuts = sorted(draw.draw(st.sets(st.integers(1, len(whole)), max_size=6)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]

    assert measure(*pieces) == (len(body), True)


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_no_bytes_raise_anything_but_a_refusal(first: bytes, second: bytes) -> None:
    try:
        size, _ = measure(first, second)
    except Refused as refused:
        assert refused.status in (400, 431)
    else:
        assert 0 <= size <= len(first) + len(second)


@pytest.mark.parametrize("body", [b"zz\r\n", b"\r\n", b"-1\r\n", b";a\r\n", b"1;a\n"])
def test_a_line_that_is_no_size_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match="malformed"):
        measure(body)


def test_a_line_that_is_not_whole_is_left_for_later() -> None:
    assert measure(b"5") == (0, False)
    assert measure(b"5\r\nab") == (5, False)
    assert measure(b"5;ex") == (0, False)


@pytest.mark.parametrize("size", [1, 1000])
def test_a_line_without_end_is_refused_long_before_it_fills_the_memory(size: int) -> None:
    ruler, held = ChunkRuler(LIMITS), bytearray()
    with pytest.raises(Refused):
        while True:
            held += b"1;" * size
            assert ruler.measure(held) == 0
    assert len(held) <= EXCESS_SIZE_MAX + 2 * size + 16


def test_extensions_that_outweigh_the_data_are_refused_in_all() -> None:
    with pytest.raises(Refused, match="too much around"):
        measure(b"1;%b\r\nx\r\n" % (b"e" * 1000) * 20)


def test_a_line_that_comes_in_many_pieces_is_counted_once() -> None:
    line = b"1;" + b"e" * 1000 + b"\r\n"
    assert measure(*(line[place : place + 1] for place in range(len(line))), b"x\r\n0\r\n\r\n")[1]


def test_chunks_of_one_byte_are_no_fault() -> None:
    body = b"1\r\nx\r\n" * 10_000 + b"0\r\n\r\n"
    assert measure(body) == (len(body), True)


@pytest.mark.parametrize(
    ("trailer", "refused"),
    [
        (b"X: y\r\n" * 100, False),
        (b"X: y\r\n" * 101, True),
        (b"X: y\r\n" * 20_000, True),
        (b"X: " + b"y" * 17_000 + b"\r\n", True),
        ((b"X: " + b"y" * 9_000 + b"\r\n") * 8, True),
    ],
)
def test_trailers_have_the_limits_of_headers(trailer: bytes, refused: bool) -> None:
    body = b"0\r\n" + trailer + b"\r\n"
    if not refused:
        assert measure(body) == (len(body), True)
        return
    with pytest.raises(Refused, match="header"):
        measure(body)


def test_trailers_without_end_are_refused_at_their_limit() -> None:
    ruler, held = ChunkRuler(LIMITS), bytearray(b"0\r\nX: ")
    with pytest.raises(Refused):
        while True:
            held += b"y" * 500
            ruler.measure(held)
    assert len(held) < LIMITS.headers_size_max


@pytest.mark.timed
@pytest.mark.parametrize("unit", [b"1\r\nx\r\n", b"4\r\n\r\n\r\n\r\n", b"a;e\r\n0123456789\r\n"])
def test_time_grows_in_proportion_to_the_size(unit: bytes) -> None:
    def best(count: int) -> float:
        body = unit * count
        found = []
        for _ in range(7):
            held, ruler = bytearray(body), ChunkRuler(LIMITS)
            started = time.thread_time()
            ruler.measure(held)
            found.append(time.thread_time() - started)
        return min(found)

    for count in (50_000 // len(unit), 100_000 // len(unit)):
        half, whole = best(count), best(2 * count)
        # Below this the ratio says more about the machine; and one doubling that is slow is no trend.
        if whole < 0.005 or whole / half < 2.6:
            break
    else:
        pytest.fail(f"{whole / half:.2f} times as long for twice as much")
    assert is_within(whole, 0.050)
