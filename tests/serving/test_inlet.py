"""The receiving side: where bytes go, and when no more are read."""

from __future__ import annotations

import pytest

from bistro.http import BadRequest, ClientDisconnected
from bistro.serving import Limits
from bistro.serving.inlet import HELD_SIZE_MAX, Inlet
from tests.serving.support import GET, MemoryTransport, post, run


def make() -> tuple[Inlet, MemoryTransport]:
    transport = MemoryTransport()
    return Inlet(transport, Limits()), transport


def make_in_body(length: int = 1_000_000) -> tuple[Inlet, MemoryTransport]:
    inlet, transport = make()
    inlet.take(post(b"/", b"x" * length)[:-length])
    inlet.cutter.cut_head()
    return inlet, transport


def test_what_comes_between_requests_is_held() -> None:
    inlet, _ = make()
    assert inlet.take(GET)
    assert inlet.cutter.held == GET


def test_what_belongs_to_a_body_goes_to_its_reader_and_the_rest_is_held() -> None:
    inlet, _ = make_in_body(4)
    reader = inlet.begin_body(b"")
    assert not inlet.take(b"bo")
    assert inlet.is_in_body
    inlet.take(b"dy" + GET)
    assert not inlet.is_in_body
    assert inlet.cutter.held == GET
    assert run(reader.read(10)) == b"body"


def test_a_malformed_body_is_told_its_reader_and_then_nothing_more_is_heard() -> None:
    inlet, _ = make()
    inlet.take(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    inlet.cutter.cut_head()
    reader = inlet.begin_body(b"")
    inlet.take(b"zz\r\n")
    assert inlet.is_deaf
    assert not inlet.take(GET)
    with pytest.raises(BadRequest):
        run(reader.read(10))


def test_reading_stops_for_two_reasons_and_goes_on_when_both_are_gone() -> None:
    inlet, transport = make_in_body()
    inlet.begin_body(b"x" * 300_000)
    inlet.cutter.held += b"x" * (HELD_SIZE_MAX + 1)
    inlet.check_size()
    assert transport.paused
    inlet.end_body()
    assert transport.paused
    inlet.cutter.held.clear()
    inlet.check_size()
    assert not transport.paused


def test_closing_tells_who_reads_and_lets_reading_go_on() -> None:
    inlet, transport = make_in_body()
    reader = inlet.begin_body(b"x" * 300_000)
    inlet.close()
    assert not transport.paused
    assert inlet.cutter.held == b""
    with pytest.raises(ClientDisconnected):
        run(reader.read(10_000_000))


def test_a_transport_that_is_closing_is_left_alone() -> None:
    inlet, transport = make_in_body()
    inlet.begin_body(b"x" * 300_000)
    transport.close()
    inlet.close()
    assert transport.paused
