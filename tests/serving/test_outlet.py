"""The sending side: what is collected, what waits, and how it ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bistro.http import ClientDisconnected
from bistro.serving import Limits
from bistro.serving.exchange import DateLine
from bistro.serving.outlet import Outlet
from tests.serving.support import MemoryTransport, run


def make() -> tuple[Outlet, MemoryTransport]:
    transport = MemoryTransport()
    return Outlet(transport, DateLine(), "http", Limits()), transport


class NamedTransport(MemoryTransport):
    """A transport whose peer is called `peer`."""

    peer: Any = None

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.peer if name == "peername" else default


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        (("1.2.3.4", 5), ("1.2.3.4", 5)),
        (("::1", 5, 0, 0), ("::1", 5)),
        ("", None),
        ("/tmp/socket", None),
        (b"", None),
        (None, None),
    ],
)
def test_a_client_has_an_address_and_port_or_none(peer: Any, client: Any) -> None:
    transport = NamedTransport()
    transport.peer = peer
    assert Outlet(transport, DateLine(), "http", Limits()).client == client


def test_what_is_collected_leaves_in_one_write() -> None:
    outlet, transport = make()
    outlet.out = [b"a", b"b"]
    outlet.flush()
    outlet.flush()
    assert transport.writes == [b"ab"]


def test_a_writer_waits_while_the_client_has_to_read() -> None:
    async def go() -> list[bool]:
        outlet, _ = make()
        outlet.pause(0.0)
        waiting = asyncio.ensure_future(outlet.wait_for_drain())
        await asyncio.sleep(0)
        before = waiting.done()
        outlet.resume()
        await waiting
        return [before, waiting.done()]

    assert run(go()) == [False, True]


def test_a_writer_that_stops_waiting_leaves_the_others_waiting() -> None:
    async def go() -> list[bool]:
        outlet, _ = make()
        outlet.pause(0.0)
        first, second = (asyncio.ensure_future(outlet.wait_for_drain()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        before = second.done()
        outlet.resume()
        await second
        return [before, first.cancelled()]

    assert run(go()) == [False, True]


def test_waiting_for_who_is_gone_raises() -> None:
    async def go() -> None:
        outlet, _ = make()
        outlet.pause(0.0)
        waiting = asyncio.ensure_future(outlet.wait_for_drain())
        await asyncio.sleep(0)
        outlet.lose()
        with pytest.raises(ClientDisconnected):
            await waiting

    run(go())


@pytest.mark.parametrize("end", ["close", "linger", "abort", "lose"])
def test_after_the_end_nothing_is_written(end: str) -> None:
    outlet, transport = make()
    outlet.out = [b"before"]
    if end == "close":
        outlet.close(0.0)
    elif end == "linger":
        outlet.linger(0.0, asyncio.Protocol())
    else:
        outlet.flush()
        getattr(outlet, end)()
    outlet.write(b"after")
    assert transport.sent == b"before"


def test_an_idle_connection_has_no_time_limit_here() -> None:
    outlet, _ = make()
    assert outlet.check_time(1e9) is False
