"""llhttp behind C functions: what each outcome of `feed` says."""

from __future__ import annotations

import gc

import pytest

from bistro.serving.parser import PieceParser, WholeParser
from bistro.serving.request_head import Refused
from tests.serving.support import GET, chunked, post


def test_one_whole_request_ends_and_gives_its_body() -> None:
    parser = WholeParser()
    parser.feed(post(b"/", b"abc"))
    assert parser.ended == []
    assert parser.bodies == [b"abc"]


@pytest.mark.parametrize("data", [GET[:-1], post(b"/", b"abc")[:-1], chunked(b"/", [b"a"])[:-1]])
def test_a_part_of_a_request_does_not_end(data: bytes) -> None:
    parser = WholeParser()
    parser.feed(data)
    assert parser.ended == [None]


@pytest.mark.parametrize(
    "data",
    [
        GET + GET,
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
    ids=["two", "HTTP/1.0", "the last", "an upgrade", "nonsense"],
)
def test_whatever_is_not_one_ordinary_request_raises_and_after_a_reset_all_is_well(data: bytes) -> None:
    parser = WholeParser()
    for _ in range(3):
        with pytest.raises(Exception):  # noqa: B017 - of several kinds, none of which matters
            parser.feed(data)
        parser.reset()
        parser.feed(GET)
        assert parser.ended == []
        parser.ended.append(None)


def test_nothing_of_a_body_that_was_cut_off_gets_into_the_next_request() -> None:
    parser = WholeParser()
    parser.feed(post(b"/", b"abc")[:-1])
    parser.reset()
    parser.feed(post(b"/", b"xyz"))
    assert (parser.ended, parser.bodies) == ([], [b"xyz"])


def test_a_parser_that_is_closed_is_freed_without_the_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        parser = WholeParser()
        with pytest.raises(Exception):  # noqa: B017
            parser.feed(GET + GET)
        parser.reset()
        parser.close()
        before = len(gc.get_objects())
        del parser
        freed = before - len(gc.get_objects())
    finally:
        gc.enable()
    assert freed >= 2


def test_pieces_give_head_body_and_end() -> None:
    parser = PieceParser()
    assert parser.begin(post(b"/", b"abcdef")[:-6]) is False
    parser.feed(b"abc")
    parser.feed(memoryview(b"de"))
    assert parser.take_body() == b"abcde"
    assert not parser.has_ended
    parser.feed(b"f")
    assert parser.take_body() == b"f"
    assert parser.has_ended
    assert parser.keep_alive


def test_a_piece_that_reaches_into_the_next_request_is_refused() -> None:
    parser = PieceParser()
    parser.begin(post(b"/", b"abc")[:-3])
    with pytest.raises(Refused, match="body"):
        parser.feed(b"abc" + GET)


def test_after_an_upgrade_comes_another_request() -> None:
    parser = PieceParser()
    assert parser.begin(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n") is True
    assert not parser.keep_alive
    assert parser.begin(GET) is False
    assert parser.has_ended
    assert parser.keep_alive


@pytest.mark.parametrize("head", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"\0\r\n\r\n"])
def test_a_head_that_is_none_is_refused(head: bytes) -> None:
    parser = PieceParser()
    with pytest.raises(Refused, match="malformed") as caught:
        parser.begin(head)
    assert caught.value.status == 400


def test_requests_one_after_the_other_each_begin_and_end() -> None:
    parser = PieceParser()
    assert not parser.keep_alive
    for _ in range(3):
        assert parser.begin(GET) is False
        assert parser.has_ended
        assert parser.begin(post(b"/", b"abc")[:-3]) is False
        assert not parser.has_ended
        parser.feed(b"abc")
        assert parser.has_ended
        assert [parser.take_body(), parser.take_body()] == [b"abc", b""]
