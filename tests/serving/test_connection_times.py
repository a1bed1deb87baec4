"""What stands still is ended: the server's clock is moved by hand, and nobody waits."""

from __future__ import annotations

import asyncio

import pytest

from bistro.ground.types import Exchange
from bistro.serving import Limits
from tests.serving.support import GET, Wired, both_loops, close, post, run, statuses, wire

__all__ = ["both_loops"]


def answer(exchange: Exchange) -> None:
    exchange.send(200, b"", b"sync")


async def wait_for_ever(exchange: Exchange) -> None:
    await asyncio.Event().wait()


def pass_time(wired: Wired, seconds: float) -> None:
    """Let the server's clock tick second by second, as `Server._tick` does."""
    for _ in range(int(seconds)):
        wired.server.now += 1
        if wired.transport.aborted:
            return
        wired.connection.check_time(wired.server.now)


@pytest.mark.parametrize(
    ("pieces", "seconds", "status"),
    [
        ((b"GET / HT",), 10, [408]),
        ((b"G",), 10, [408]),
        ((), 10, []),
        ((GET,), 75, [200]),
        ((GET + b"GET / HT",), 10, [200, 408]),
        ((GET, b"\r\n"), 75, [200]),
    ],
    ids=["half a head", "one byte", "nothing at all", "idle", "half a head behind an answer", "empty lines"],
)
def test_a_connection_that_stands_still_is_closed_at_its_limit_and_not_before(
    pieces: tuple[bytes, ...], seconds: float, status: list[int]
) -> None:
    async def exchange_bytes() -> tuple[bool, bool, bytes]:
        wired = await wire(answer)
        await wired.feed(*pieces)
        pass_time(wired, seconds)
        before = wired.ended
        pass_time(wired, 1)
        after = wired.ended
        await close(wired)
        return before, after, wired.sent

    before, after, sent = run(exchange_bytes())
    assert (before, after) == (False, True)
    assert statuses(sent) == status


def test_a_head_that_drips_in_has_its_time_in_all_and_not_for_each_byte() -> None:
    async def exchange_bytes() -> Wired:
        wired = await wire(answer)
        for byte in b"GET / HTTP/1.1\r\nHost: a\r\nX: y":
            if not wired.ended:
                await wired.feed(bytes([byte]))
                pass_time(wired, 1)
        await close(wired)
        return wired

    wired = run(exchange_bytes())
    assert statuses(wired.sent) == [408]
    assert wired.app.refusals == [(408, "the request took too long to arrive")]


def test_empty_lines_do_not_keep_a_connection_open() -> None:
    async def exchange_bytes() -> bool:
        wired = await wire(answer)
        await wired.feed(GET)
        for _ in range(80):
            await wired.feed(b"\r\n")
            pass_time(wired, 1)
        ended = wired.ended
        await close(wired)
        return ended

    assert run(exchange_bytes())


def test_the_limits_of_time_are_the_server_s() -> None:
    async def exchange_bytes() -> list[int]:
        wired = await wire(answer, Limits(head_timeout_seconds=2, keep_alive_timeout_seconds=3))
        await wired.feed(GET + b"GET")
        pass_time(wired, 3)
        found = statuses(wired.sent)
        await close(wired)
        return found

    assert run(exchange_bytes()) == [200, 408]


def test_a_handler_may_take_as_long_as_it_likes() -> None:
    async def exchange_bytes() -> bool:
        wired = await wire(wait_for_ever)
        await wired.feed(GET)
        pass_time(wired, 1000)
        ended = wired.ended
        await close(wired)
        return ended

    assert not run(exchange_bytes())


def test_a_reader_that_stands_still_is_cut_and_one_that_moves_is_not() -> None:
    async def exchange_bytes(sizes: list[int]) -> bool:
        wired = await wire(answer)
        wired.transport.unsent_size = sizes[0]
        wired.connection.pause_writing()
        for size in sizes:
            wired.transport.unsent_size = size
            pass_time(wired, 25)
        aborted = wired.transport.aborted
        await close(wired)
        return aborted

    assert run(exchange_bytes([1000, 1000]))
    assert not run(exchange_bytes([1000, 900, 800, 700]))


def test_pipelined_requests_of_a_slow_reader_are_not_taken_for_a_slow_head() -> None:
    async def exchange_bytes() -> list[int]:
        wired = await wire(answer)
        wired.connection.pause_writing()
        await wired.feed(GET * 3)
        pass_time(wired, 20)
        await wired.call(wired.connection.resume_writing)
        found = statuses(wired.sent)
        await close(wired)
        return found

    assert run(exchange_bytes()) == [200, 200, 200]


def test_a_closed_connection_whose_client_reads_nothing_is_cut() -> None:
    async def exchange_bytes() -> tuple[bool, bool]:
        wired = await wire(answer)
        await wired.feed(GET)
        wired.transport.unsent_size = 1000
        wired.connection.stop()
        pass_time(wired, 29)
        early = wired.transport.aborted
        pass_time(wired, 3)
        late = wired.transport.aborted
        await close(wired)
        return early, late

    assert run(exchange_bytes()) == (False, True)


def test_after_a_refusal_the_client_has_five_seconds_to_read_it() -> None:
    async def exchange_bytes() -> tuple[bool, bool]:
        wired = await wire(answer)
        await wired.feed(b"nonsense\r\n\r\n")
        pass_time(wired, 5)
        early = wired.transport.aborted
        pass_time(wired, 1)
        late = wired.transport.aborted
        await close(wired)
        return early, late

    assert run(exchange_bytes()) == (False, True)


def test_the_five_seconds_begin_when_the_answer_is_sent() -> None:
    async def exchange_bytes() -> tuple[bool, bool]:
        wired = await wire(answer)
        wired.transport.unsent_size = 50
        await wired.feed(b"nonsense\r\n\r\n")
        for size in range(40, -1, -10):
            pass_time(wired, 20)
            wired.transport.unsent_size = size
        pass_time(wired, 5)
        early = wired.transport.aborted
        pass_time(wired, 2)
        late = wired.transport.aborted
        await close(wired)
        return early, late

    assert run(exchange_bytes()) == (False, True)


def test_a_body_that_stands_still_is_a_408_for_who_reads_it() -> None:
    async def read(exchange: Exchange) -> None:
        try:
            await exchange.read_body(1000)
        except Exception as error:
            exchange.send(getattr(error, "status", 500), b"", b"")

    async def exchange_bytes() -> Wired:
        wired = await wire(read, Limits(stall_timeout_seconds=0.01))
        await wired.feed(post(b"/", b"abc")[:-1])
        done = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.05, done.set_result, None)
        await done
        await close(wired)
        return wired

    wired = run(exchange_bytes())
    assert statuses(wired.sent) == [408]
    assert wired.transport.half_closed
