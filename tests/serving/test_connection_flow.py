"""Reading and writing that pause and go on, in every combination, and each way in which it ends."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Coroutine
from typing import Any

import pytest

from bistro.ground.types import Exchange
from bistro.http import BadRequest
from bistro.http.errors import ClientDisconnected
from bistro.serving.connection import HALF_CLOSED_SECONDS, TURN_REQUESTS_MAX, Connection
from bistro.serving.inlet import HELD_SIZE_MAX
from tests.serving.support import (
    GET,
    Wired,
    bodies,
    both_loops,
    chunked,
    close,
    post,
    run,
    settle,
    statuses,
    wire,
)

__all__ = ["both_loops"]
BIG = b"x" * 100_000


class Gates:
    """Handlers that go on when a test says so."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.seen: list[object] = []

    def handle(self, exchange: Exchange) -> Coroutine[Any, Any, None] | None:
        if exchange.raw_path == "/sync":
            exchange.send(200, b"", b"sync")
            return None
        if exchange.raw_path == "/big":
            exchange.send(200, b"", BIG)
            return None
        return getattr(self, "do" + exchange.raw_path.replace("/", "_"))(exchange)  # type: ignore[no-any-return]

    async def do_wait(self, exchange: Exchange) -> None:
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.seen.append("cancelled")
            raise
        exchange.send(200, b"", b"waited")

    async def do_read_late(self, exchange: Exchange) -> None:
        await self.open.wait()
        try:
            exchange.send(200, b"", b"%d" % len(await exchange.read_body(10_000_000)))
        except (BadRequest, ClientDisconnected) as error:
            self.seen.append(type(error))
            raise

    async def do_read_in_pieces(self, exchange: Exchange) -> None:
        size = 0
        async for piece in exchange.body_stream(10_000_000):
            size += len(piece)
            await self.open.wait()
        exchange.send(200, b"", b"%d" % size)

    async def do_never_read(self, exchange: Exchange) -> None:
        await self.open.wait()
        exchange.send(200, b"", b"unread")

    async def do_echo(self, exchange: Exchange) -> None:
        exchange.start(200, b"", None)
        async for piece in exchange.body_stream(10_000_000):
            await exchange.write(piece)
        await exchange.finish()

    async def do_write(self, exchange: Exchange) -> None:
        exchange.start(200, b"", None)
        try:
            for _ in range(3):
                await exchange.write(b"piece")
                await self.open.wait()
        except ClientDisconnected:
            self.seen.append("disconnected")
            raise
        await exchange.finish()


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def play(script: Any) -> Any:
    """Run `script(wired, gates)` on a new connection."""

    async def go() -> Any:
        gates = Gates()
        wired = await wire(gates.handle)
        try:
            return await script(wired, gates)
        finally:
            await close(wired)

    return run(go())


# --- memory stays bounded -------------------------------------------------------------------------


def test_no_more_is_read_while_too_many_requests_wait_behind_a_slow_one() -> None:
    async def script(wired: Wired, gates: Gates) -> tuple[bool, bool, int]:
        await wired.feed(get("/wait"))
        while not wired.transport.paused:
            await wired.feed(GET * 1000)
        paused_at = len(wired.connection._inlet.cutter.held)
        gates.open.set()
        for _ in range(400):
            await settle()
        return paused_at > HELD_SIZE_MAX, wired.transport.paused, len(wired.connection._inlet.cutter.held)

    assert play(script) == (True, False, 0)


def test_no_more_is_read_while_a_client_sends_requests_and_reads_no_answers() -> None:
    async def script(wired: Wired, gates: Gates) -> bool:
        wired.connection.pause_writing()
        for _ in range(20):
            if not wired.transport.paused:
                await wired.feed(GET * 1000)
        return wired.transport.paused and len(wired.connection._inlet.cutter.held) < 2 * HELD_SIZE_MAX

    assert play(script)


def test_large_answers_are_not_collected_before_the_client_has_read_some() -> None:
    async def script(wired: Wired, gates: Gates) -> int:
        real_write = wired.transport.write

        def write(data: bytes) -> None:
            real_write(data)
            if wired.connection._outlet._drain is None:
                wired.connection.pause_writing()

        wired.connection._outlet.write = write
        await wired.feed(get("/big") * 50)
        return len(wired.sent)

    assert play(script) < 2 * len(BIG)


def test_a_body_is_not_read_faster_than_the_handler_takes_it() -> None:
    async def script(wired: Wired, gates: Gates) -> tuple[bool, bool, list[bytes]]:
        head, _, body = post(b"/read_in_pieces", b"x" * 1_000_000).partition(b"\r\n\r\n")
        await wired.feed(head + b"\r\n\r\n" + body[:10])
        place = 10
        while not wired.transport.paused:
            await wired.feed(body[place : place + 50_000])
            place += 50_000
        paused = place < 500_000
        gates.open.set()
        await settle()
        resumed = not wired.transport.paused
        await wired.feed(body[place:])
        return paused, resumed, bodies(wired.sent)

    assert play(script) == (True, True, [b"1000000"])


def test_writing_that_goes_on_does_not_undo_the_pause_of_a_full_body() -> None:
    async def script(wired: Wired, gates: Gates) -> bool:
        await wired.feed(post(b"/read_late", b"x" * 2_000_000)[:600_000])
        assert wired.transport.paused
        wired.connection.pause_writing()
        await wired.call(wired.connection.resume_writing)
        return wired.transport.paused

    assert play(script)


def test_a_body_that_nobody_read_does_not_leave_the_connection_deaf() -> None:
    async def script(wired: Wired, gates: Gates) -> tuple[bool, list[bytes]]:
        whole = post(b"/never_read", b"x" * 400_000)
        await wired.feed(whole[:399_000])
        assert wired.transport.paused
        wired.connection.data_received(whole[399_000:])  # was on its way already
        gates.open.set()
        await settle()
        await wired.feed(GET)
        return wired.transport.paused, bodies(wired.sent)

    assert play(script) == (False, [b"unread", b"sync"])


def test_an_echo_waits_for_a_slow_reader_and_then_goes_on() -> None:
    async def script(wired: Wired, gates: Gates) -> tuple[bool, list[bytes]]:
        whole = post(b"/echo", b"x" * 900_000) + GET
        await wired.feed(whole[:100_000])
        wired.connection.pause_writing()
        place = 100_000
        while not wired.transport.paused:
            await wired.feed(whole[place : place + 50_000])
            place += 50_000
        sent = len(wired.sent)
        await wired.call(wired.connection.resume_writing)
        assert len(wired.sent) > sent
        assert not wired.transport.paused
        await wired.feed(whole[place:])
        return place < 700_000, bodies(wired.sent)

    assert play(script) == (True, [b"x" * 900_000, b"sync"])


def test_others_have_their_turn_between_many_requests_of_one() -> None:
    async def script(wired: Wired, gates: Gates) -> tuple[int, int]:
        wired.connection.data_received(GET * 100)
        at_once = len(statuses(wired.sent))
        await settle()
        return at_once, len(statuses(wired.sent))

    assert play(script) == (TURN_REQUESTS_MAX, 100)


def test_requests_of_a_later_read_stay_behind_those_that_still_wait_for_their_turn() -> None:
    async def script(wired: Wired, gates: Gates) -> list[bytes]:
        wired.connection.data_received(GET * 40)
        wired.connection.data_received(get("/big"))
        await settle()
        return bodies(wired.sent)

    assert play(script) == [b"sync"] * 40 + [BIG]


# --- clients that close, half or whole ------------------------------------------------------------


def test_a_client_that_closes_its_side_still_gets_the_answer_that_is_quickly_made() -> None:
    async def script(wired: Wired, gates: Gates) -> tuple[bool, list[bytes], bool]:
        await wired.feed(get("/wait") + GET)
        kept_open = wired.connection.eof_received()
        gates.open.set()
        await settle()
        return kept_open, bodies(wired.sent), wired.ended

    assert play(script) == (True, [b"waited", b"sync"], True)


def test_a_client_that_closes_its_side_and_waits_in_vain_is_given_up() -> None:
    async def script(wired: Wired, gates: Gates) -> bool:
        await wired.feed(get("/wait"))
        wired.connection.eof_received()
        await asyncio.sleep(HALF_CLOSED_SECONDS + 0.05)
        return wired.transport.aborted

    assert play(script)


def test_an_idle_connection_ends_with_the_client_s_side() -> None:
    async def script(wired: Wired, gates: Gates) -> tuple[bool, bool]:
        await wired.feed(GET)
        return wired.connection.eof_received(), wired.transport.closed

    assert play(script) == (False, True)


def test_a_body_that_ends_too_early_is_a_client_that_went_away() -> None:
    async def script(wired: Wired, gates: Gates) -> tuple[bool, list[object], bytes]:
        gates.open.set()
        await wired.feed(post(b"/read_late", b"abc")[:-1])
        kept_open = wired.connection.eof_received()
        await settle()
        return kept_open, gates.seen, wired.sent

    assert play(script) == (False, [ClientDisconnected], b"")


def test_half_a_head_and_the_end_is_no_request() -> None:
    async def script(wired: Wired, gates: Gates) -> tuple[bool, bytes]:
        await wired.feed(GET[:-2])
        return wired.connection.eof_received(), wired.sent

    assert play(script) == (False, b"")


def test_requests_that_wait_for_a_slow_reader_are_answered_although_it_closed_its_side() -> None:
    async def script(wired: Wired, gates: Gates) -> tuple[list[int], bool]:
        wired.connection.pause_writing()
        await wired.feed(GET * 2)
        assert wired.connection.eof_received()
        await wired.call(wired.connection.resume_writing)
        return statuses(wired.sent), wired.ended

    assert play(script) == ([200, 200], True)


@pytest.mark.parametrize(
    ("path", "seen"),
    [("/wait", ["cancelled"]), ("/write", []), ("/read_late", []), ("/sync", [])],
)
@pytest.mark.parametrize("pieces", [1, 2, 3])
def test_a_client_that_is_lost_at_any_moment_leaves_nothing_behind(
    path: str, seen: list[object], pieces: int
) -> None:
    async def script(wired: Wired, gates: Gates) -> tuple[list[object], int]:
        request = post(path.encode(), b"abcdef")
        size = len(request) // pieces
        await wired.feed(request[:size])
        await wired.lose()
        gates.open.set()
        await settle()
        return gates.seen, len(wired.server._connections)

    expected = seen if pieces == 1 else []
    assert play(script) == (expected, 0)


def test_a_write_after_the_client_is_lost_says_so() -> None:
    async def script(wired: Wired, gates: Gates) -> list[object]:
        exchanges: list[Exchange] = []

        async def keep(exchange: Exchange) -> None:
            exchanges.append(exchange)
            exchange.start(200, b"", None)
            await asyncio.shield(gates.open.wait())

        gates.do_keep = keep  # type: ignore[attr-defined]
        await wired.feed(get("/keep"))
        await wired.lose()
        with pytest.raises(ClientDisconnected):
            await exchanges[0].write(b"late")
        return gates.seen

    assert play(script) == []


def test_a_writer_that_waits_for_a_slow_reader_hears_that_it_is_gone() -> None:
    async def script(wired: Wired, gates: Gates) -> list[object]:
        finished = []

        async def write(exchange: Exchange) -> None:
            wired.connection.pause_writing()
            exchange.start(200, b"", None)
            try:
                await exchange.write(b"piece")
            finally:
                finished.append("ended")

        gates.do_stuck = write  # type: ignore[attr-defined]
        await wired.feed(get("/stuck"))
        await wired.lose()
        return finished

    assert play(script) == ["ended"]


def test_a_callback_that_fails_stops_neither_the_others_nor_the_cancellation() -> None:
    async def script(wired: Wired, gates: Gates) -> tuple[list[object], int]:
        reported: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context))

        async def wait(exchange: Exchange) -> None:
            exchange.on_disconnect(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
            exchange.on_disconnect(lambda: gates.seen.append("told"))
            await gates.do_wait(exchange)

        gates.do_told = wait  # type: ignore[attr-defined]
        await wired.feed(get("/told"))
        await wired.lose()
        return gates.seen, len(reported)

    assert play(script) == (["told", "cancelled"], 1)


def test_work_after_the_answer_is_not_cancelled_when_the_client_goes() -> None:
    async def script(wired: Wired, gates: Gates) -> tuple[int, list[object], int]:
        async def work_on(exchange: Exchange) -> None:
            exchange.send(200, b"", b"answer")
            await gates.open.wait()
            gates.seen.append("worked")

        gates.do_work = work_on  # type: ignore[attr-defined]
        await wired.feed(get("/work"))
        await wired.lose()
        busy = len(wired.server._connections)
        gates.open.set()
        await settle()
        return busy, gates.seen, len(wired.server._connections)

    assert play(script) == (1, ["worked"], 0)


def test_a_connection_that_ended_is_freed_without_the_collector() -> None:
    async def script(wired: Wired, gates: Gates) -> object:
        connection = Connection(wired.server)
        connection.connection_made(type(wired.transport)())
        for piece in (GET, GET * 3, post(b"/echo", b"abc"), chunked(b"/echo", [b"a"])[:-3], b"1"):
            await wired.call(connection.data_received, piece)
        await wired.call(connection.connection_lost, None)
        weak = weakref.ref(connection)
        del connection
        await settle()
        return weak()

    gc.collect()
    gc.disable()
    try:
        assert play(script) is None
    finally:
        gc.enable()


# --- ends -----------------------------------------------------------------------------------------


def test_what_is_pipelined_behind_a_last_request_is_dropped_and_read_out() -> None:
    async def script(wired: Wired, gates: Gates) -> tuple[list[int], bool, bool]:
        await wired.feed(b"GET /sync HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + GET * 3)
        wired.connection.data_received(GET)
        return statuses(wired.sent), wired.transport.half_closed, wired.transport.closed

    assert play(script) == ([200], True, False)


def test_a_refusal_does_not_overtake_the_answers_before_it() -> None:
    async def script(wired: Wired, gates: Gates) -> list[int]:
        await wired.feed(get("/wait") + b"nonsense\r\n\r\n")
        gates.open.set()
        await settle()
        return statuses(wired.sent)

    assert play(script) == [200, 400]


def test_bytes_behind_malformed_chunks_are_dropped_while_the_handler_decides() -> None:
    async def script(wired: Wired, gates: Gates) -> tuple[list[object], list[int]]:
        await wired.feed(b"POST /read_late HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        await wired.feed(b"zz\r\n", GET)
        gates.open.set()
        await settle()
        return gates.seen, statuses(wired.sent)

    assert play(script) == ([BadRequest], [500])


def test_stopping_lets_the_answer_finish_and_says_that_it_is_the_last() -> None:
    async def script(wired: Wired, gates: Gates) -> tuple[bool, bytes, bool]:
        await wired.feed(get("/wait") + GET)
        stopped = asyncio.ensure_future(wired.server.stop(5))
        await settle()
        waited = not stopped.done()
        gates.open.set()
        await settle()
        await wired.lose()
        await stopped
        return waited, wired.sent, wired.ended

    waited, sent, ended = play(script)
    assert waited
    assert ended
    assert statuses(sent) == [200]
    assert b"connection: close\r\n" in sent


def test_stopping_ends_a_connection_that_only_lingers() -> None:
    async def script(wired: Wired, gates: Gates) -> bool:
        await wired.feed(b"nonsense\r\n\r\n")
        assert not wired.transport.closed
        wired.connection.stop()
        return wired.transport.closed

    assert play(script)


def test_a_client_that_comes_while_the_server_stops_is_sent_away() -> None:
    async def script(wired: Wired, gates: Gates) -> bool:
        wired.server.stopping = True
        late = Wired(wired.server, wired.app)
        ended = late.ended
        await late.lose()
        return ended

    assert play(script)


def test_what_the_grace_does_not_suffice_for_is_cancelled_and_may_clean_up() -> None:
    async def script(wired: Wired, gates: Gates) -> list[object]:
        async def clean_up(exchange: Exchange) -> None:
            try:
                await gates.open.wait()
            finally:
                for _ in range(5):
                    await asyncio.sleep(0)
                gates.seen.append("clean")

        gates.do_slowly = clean_up  # type: ignore[attr-defined]
        await wired.feed(get("/slowly"))
        real_abort = wired.transport.abort

        def abort() -> None:
            real_abort()
            asyncio.get_running_loop().call_soon(wired.connection.connection_lost, None)

        wired.transport.abort = abort  # type: ignore[method-assign]
        await wired.server.stop(0)
        assert wired.app.started == 0
        return gates.seen

    assert play(script) == ["clean"]


def test_an_app_that_raises_is_a_500_and_the_connection_goes_on() -> None:
    async def script(wired: Wired, gates: Gates) -> tuple[list[int], int]:
        reported: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context))

        def raise_error(exchange: Exchange) -> None:
            raise ZeroDivisionError

        gates.do_raise = raise_error  # type: ignore[attr-defined]
        await wired.feed(get("/raise"))
        await wired.feed(GET)
        return statuses(wired.sent), len(reported)

    assert play(script) == ([500, 200], 1)


def test_whoever_fails_to_note_a_refusal_does_not_keep_the_client_from_hearing_it() -> None:
    async def script(wired: Wired, gates: Gates) -> list[int]:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)

        def refuse(status: int, detail: str, client: object) -> None:
            raise ZeroDivisionError

        wired.app.refuse = refuse  # type: ignore[method-assign]
        await wired.feed(b"nonsense\r\n\r\n")
        return statuses(wired.sent)

    assert play(script) == [400]


def test_an_aborted_answer_runs_nothing_that_was_pipelined_behind_it() -> None:
    async def script(wired: Wired, gates: Gates) -> tuple[list[int], bool]:
        async def break_off(exchange: Exchange) -> None:
            exchange.start(200, b"", None)
            exchange.abort()

        gates.do_break = break_off  # type: ignore[attr-defined]
        await wired.feed(GET + get("/break") + get("/big"))
        return statuses(wired.sent), wired.transport.aborted

    assert play(script) == ([200, 200], True)
