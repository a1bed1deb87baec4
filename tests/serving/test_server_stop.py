"""The stop as clients meet it, and as what would go on for ever hears of it."""

from __future__ import annotations

import asyncio

import pytest

from bistro.ground.types import Exchange
from bistro.serving import Server
from bistro.serving.connection import Connection
from tests.serving.support import GET, OneFunctionApp, bodies, both_loops, run, statuses

__all__ = ["both_loops"]


def plain(exchange: Exchange) -> None:
    exchange.send(200, b"", b"hello")


async def connect(server: Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which one request has been answered already."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(GET)
    await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(5)
    return reader, writer


@pytest.mark.timed
def test_an_idle_client_may_send_a_last_request_while_the_server_parts() -> None:
    async def go() -> tuple[bytes, float]:
        server = Server(OneFunctionApp(plain), port=0)
        await server.start()
        reader, writer = await connect(server)
        stopping = asyncio.ensure_future(server.stop(10, parting_seconds=5))
        await asyncio.sleep(0)
        began = asyncio.get_running_loop().time()
        writer.write(GET)
        answer = await reader.read()
        await stopping
        writer.close()
        return answer, asyncio.get_running_loop().time() - began

    answer, seconds = run(go())
    assert bodies(answer) == [b"hello"]
    assert b"connection: close\r\n" in answer
    assert seconds < 3


def test_a_request_that_has_begun_to_come_when_parting_ends_is_answered() -> None:
    async def go() -> bytes:
        server = Server(OneFunctionApp(plain), port=0)
        await server.start()
        reader, writer = await connect(server)
        stopping = asyncio.ensure_future(server.stop(10, parting_seconds=0.05))
        await asyncio.sleep(0)
        writer.write(GET[:10])
        await asyncio.sleep(0.1)  # until parting has ended: nothing can be seen of it
        writer.write(GET[10:])
        answer = await reader.read()
        await stopping
        writer.close()
        return answer

    assert statuses(run(go())) == [200]


def test_a_client_that_stays_idle_is_parted_from() -> None:
    async def go() -> bytes:
        server = Server(OneFunctionApp(plain), port=0)
        await server.start()
        reader, writer = await connect(server)
        await server.stop(10, parting_seconds=0.05)
        writer.close()
        return await reader.read()

    assert run(go()) == b""


def test_an_answer_without_end_hears_of_the_stop_and_ends_by_itself() -> None:
    async def stream(exchange: Exchange) -> None:
        stopping = asyncio.Event()
        exchange.on_stopping(stopping.set)
        exchange.start(200, b"", None)
        await exchange.write(b"first")
        await stopping.wait()
        await exchange.write(b"last")
        await exchange.finish()

    async def go() -> bytes:
        server = Server(OneFunctionApp(stream), port=0)
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(GET)
        received = await reader.readuntil(b"first\r\n")
        await server.stop(10)
        writer.close()
        return received + await reader.read()

    assert bodies(run(go())) == [b"firstlast"]


class Upgraded:
    """What takes over from an HTTP connection, as a WebSocket does."""

    def __init__(self, server: Server, connection: Connection) -> None:
        self.server = server
        self.told: list[str] = []
        server.opened(self)
        server.closed(connection)

    def check_time(self, now: float) -> None:
        self.told.append("time")

    def stop(self) -> None:
        self.told.append("stop")
        asyncio.get_running_loop().call_soon(self.server.closed, self)

    def cut(self) -> None:
        self.told.append("cut")


def test_what_took_over_a_connection_is_told_of_the_stop_and_waited_for() -> None:
    async def go() -> list[str]:
        server = Server(OneFunctionApp(plain), port=0)
        await server.start()
        upgraded = Upgraded(server, Connection(server))
        await server.stop(10)
        return upgraded.told

    assert run(go()) == ["stop"]


def test_what_does_not_end_in_the_time_of_grace_is_cut() -> None:
    async def go() -> list[str]:
        server = Server(OneFunctionApp(plain), port=0)
        await server.start()
        upgraded = Upgraded(server, Connection(server))
        upgraded.stop = lambda: upgraded.told.append("stop")  # type: ignore[method-assign]
        await server.stop(0.01)
        return upgraded.told

    assert run(go())[:2] == ["stop", "cut"]
