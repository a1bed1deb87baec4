"""Ranges of bytes: RFC 9110 §14."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http.errors import RangeNotSatisfiable
from bistro.http.headers import HeaderValueError
from bistro.http.ranges import byteranges_length, byteranges_pieces, content_range, parse_range


@pytest.mark.parametrize(
    ("value", "ranges"),
    [
        # The examples of RFC 9110 §14.1.2, for 10,000 bytes.
        ("bytes=0-499", [(0, 500)]),
        ("bytes=500-999", [(500, 1000)]),
        ("bytes=-500", [(9500, 10000)]),
        ("bytes=9500-", [(9500, 10000)]),
        ("bytes=0-0,-1", [(0, 1), (9999, 10000)]),
        ("bytes= 0-999, 4500-5499, -1000", [(0, 1000), (4500, 5500), (9000, 10000)]),
        ("bytes=500-600,601-999", [(500, 601), (601, 1000)]),
        ("bytes=500-700,601-999", [(500, 1000)]),
        # More forms.
        ("Bytes=0-499", [(0, 500)]),
        ("bytes=0-99999", [(0, 10000)]),
        ("bytes=-99999", [(0, 10000)]),
        ("bytes=0-", [(0, 10000)]),
        ("bytes=9999-9999", [(9999, 10000)]),
        ("bytes=000000000000000000000000000001-2", [(1, 3)]),
        ("bytes=500-, 0-9", [(500, 10000), (0, 10)]),
        ("bytes=20000-, 0-9", [(0, 10)]),
        ("bytes=0-0, 10000-", [(0, 1)]),
    ],
)
def test_ranges_are_read(value, ranges):
    assert parse_range(value, 10_000) == ranges


@pytest.mark.parametrize(
    "value",
    [
        "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-1", "bytes=0-1,5-1", "bytes=1", "bytes=1-2-3", "lines=0-1",
        "bytes=0-1;", "bytes=+1-2", "bytes=-+1", "bytes=1_0-20", "bytes=٠-١", "bytes=0x1-2", "bytes=0-1\n", "bytes==0-1",
        "bytes=0 - 1", "bytes=0-1,,2-3", " 0-1",
    ],
)  # fmt: skip
def test_anything_else_is_ignored_and_the_whole_is_sent(value):
    assert parse_range(value, 10_000) is None


def test_as_many_ranges_as_allowed_are_read():
    assert parse_range("bytes=" + ",".join(f"{n}-{n}" for n in range(0, 20, 2)), 100) is not None


def test_more_ranges_than_allowed_are_ignored():
    assert parse_range("bytes=" + ",".join(f"{n}-{n}" for n in range(0, 22, 2)), 100) is None


@pytest.mark.parametrize(
    "value", ["bytes=10000-", "bytes=10000-20000", "bytes=-0", "bytes=99999-,20000-30000"]
)
def test_range_outside_of_the_content_is_not_satisfiable_and_tells_the_size(value):
    with pytest.raises(RangeNotSatisfiable) as caught:
        parse_range(value, 10_000)
    assert caught.value.headers == {"content-range": "bytes */10000"}


@pytest.mark.parametrize("value", ["bytes=0-", "bytes=-1", "bytes=0-0"])
def test_empty_content_is_sent_whole(value):
    assert parse_range(value, 0) is None


def test_overlapping_ranges_never_give_more_than_there_is():
    assert parse_range("bytes=0-,0-,0-,1-,5-9", 10) == [(0, 10)]


def test_content_range_counts_its_last_byte():
    assert content_range(0, 500, 1234) == "bytes 0-499/1234"


def test_body_of_several_ranges_is_multipart():
    body = b"0123456789"
    pieces = byteranges_pieces([(0, 2), (8, 10)], 10, "text/plain", "THIS")
    assert b"".join(body[piece] if isinstance(piece, slice) else piece for piece in pieces) == (
        b"\r\n--THIS\r\ncontent-type: text/plain\r\ncontent-range: bytes 0-1/10\r\n\r\n01"
        b"\r\n--THIS\r\ncontent-type: text/plain\r\ncontent-range: bytes 8-9/10\r\n\r\n89"
        b"\r\n--THIS--\r\n"
    )


def test_content_type_with_a_line_break_makes_no_part():
    with pytest.raises(HeaderValueError):
        list(byteranges_pieces([(0, 1)], 10, "text/plain\r\nx: 1", "THIS"))


@given(
    st.integers(1, 1000),
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=1, max_size=10),
)
def test_length_of_the_body_is_known_before_it_is_sent(size, bounds):
    ranges = [(start % size, start % size + 1 + stop % (size - start % size)) for start, stop in bounds]
    body = bytes(size)
    pieces = byteranges_pieces(ranges, size, "text/plain", "b")
    sent = sum(len(body[piece]) if isinstance(piece, slice) else len(piece) for piece in pieces)
    assert sent == byteranges_length(ranges, size, "text/plain", "b")


@given(
    st.integers(0, 100),
    st.lists(
        st.one_of(
            st.builds("{}-{}".format, st.integers(0, 200), st.integers(0, 200)),
            st.builds("-{}".format, st.integers(0, 200)),
            st.builds("{}-".format, st.integers(0, 200)),
        ),
        max_size=12,
    ),
)
def test_ranges_lie_inside_the_content_and_never_overlap(size, specs):
    try:
        ranges = parse_range("bytes=" + ",".join(specs), size)
    except RangeNotSatisfiable:
        return
    taken = [place for start, stop in ranges or [] for place in range(start, stop)]
    assert len(taken) == len(set(taken))
    assert all(0 <= place < size for place in taken)


@given(st.text(alphabet="bytes=0123456789-, ", max_size=60), st.integers(0, 1000))
def test_any_header_is_read_ignored_or_not_satisfiable(value, size):
    try:
        ranges = parse_range(value, size)
    except RangeNotSatisfiable as error:
        assert error.status == 416
    else:
        assert ranges is None or ranges
